// The rival of `streamgauge replay`: the same job written by hand for nothing else.
//
// One thread. It reads a file of newline-delimited events, parses each line with simdjson On-Demand,
// matches disconnects to connects by session in an open-addressed table, keeps a window of 60 s in
// buckets of 100 ms, and at every 100 ms of event time prints
//
//     at activeSessions totalConnections avgSessionDurationMs messages
//
// over [at - 60000, at). It trusts its input: no checks beyond simdjson's, no order but that of the
// file, no duplicates, every session id a lower-case UUID, every time of the form
// 2026-01-15T12:00:00.000Z.
//
//     g++ -O3 -march=native -std=c++17 -o whole_job whole_job.cpp -lsimdjson
//     ./whole_job events.ndjson > ticks.txt
//
// The events and the seconds it took go to standard error.

#include <simdjson.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

using simdjson::ondemand::raw_json_string;

static constexpr int64_t WIDTH_MS = 100;
static constexpr size_t WINDOW_BUCKETS = 600;
static constexpr size_t READ_BYTES = 1 << 20;

// ---------------------------------------------------------------- fields

static uint64_t load8(const char* at) {
  uint64_t word;
  memcpy(&word, at, 8);
  return word;
}

static uint32_t load4(const char* at) {
  uint32_t word;
  memcpy(&word, at, 4);
  return word;
}

// Eight lower-case hexadecimal digits, the first one in the lowest byte.
static uint64_t hex8(uint64_t word) {
  word = (word & 0x0f0f0f0f0f0f0f0f) + 9 * (word >> 6 & 0x0101010101010101);
  word = (word << 4 | word >> 8) & 0x00ff00ff00ff00ff;
  word = (word << 8 | word >> 16) & 0x0000ffff0000ffff;
  return (word << 16 | word >> 32) & 0xffffffff;
}

struct Key {
  uint64_t hi;
  uint64_t lo;
};

static Key uuid(const char* text) {
  const uint64_t second = load4(text + 9) | uint64_t{load4(text + 14)} << 32;
  const uint64_t third = load4(text + 19) | uint64_t{load4(text + 24)} << 32;
  return {hex8(load8(text)) << 32 | hex8(second), hex8(third) << 32 | hex8(load8(text + 28))};
}

static int64_t digits(const char* text, int count) {
  int64_t value = 0;
  for (int place = 0; place < count; place++) value = value * 10 + (text[place] - '0');
  return value;
}

// Milliseconds since the epoch; the date is worked out only when it differs from the last one.
static int64_t epoch_ms(const char* text) {
  static char date[10];
  static int64_t date_ms;
  if (memcmp(date, text, 10) != 0) {
    memcpy(date, text, 10);
    int64_t year = digits(text, 4);
    const int64_t month = digits(text + 5, 2), day = digits(text + 8, 2);
    year -= month <= 2;
    const int64_t era = year / 400, of_era = year - era * 400;
    const int64_t of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    date_ms = (era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468) * 86400000;
  }
  return date_ms + digits(text + 11, 2) * 3600000 + digits(text + 14, 2) * 60000 +
         digits(text + 17, 2) * 1000 + digits(text + 20, 3);
}

// ---------------------------------------------------------------- open sessions

// Open addressing with linear probing; removing shifts the rest of the cluster back.
class Sessions {
 public:
  Sessions() : slots(1 << 16) {}

  void connect(Key key, int64_t at) {
    if (count * 2 >= slots.size()) grow();
    put({key, at});
    count++;
  }

  // When the session connected, or -1; forgets it.
  int64_t disconnect(Key key) {
    const size_t mask = slots.size() - 1;
    size_t place = home(key) & mask;
    for (;; place = (place + 1) & mask) {
      if (slots[place].connected < 0) return -1;
      if (slots[place].key.lo == key.lo && slots[place].key.hi == key.hi) break;
    }
    const int64_t connected = slots[place].connected;
    size_t hole = place;
    for (;;) {
      place = (place + 1) & mask;
      if (slots[place].connected < 0) break;
      const size_t from = home(slots[place].key) & mask;
      if (((place - from) & mask) >= ((place - hole) & mask)) {
        slots[hole] = slots[place];
        hole = place;
      }
    }
    slots[hole].connected = -1;
    count--;
    return connected;
  }

 private:
  struct Slot {
    Key key{0, 0};
    int64_t connected = -1;
  };

  // The ids are random: a multiplication spreads them well enough.
  static size_t home(Key key) { return (key.lo ^ key.hi) * 0x9e3779b97f4a7c15 >> 20; }

  void put(Slot slot) {
    const size_t mask = slots.size() - 1;
    size_t place = home(slot.key) & mask;
    while (slots[place].connected >= 0) place = (place + 1) & mask;
    slots[place] = slot;
  }

  void grow() {
    std::vector<Slot> old(slots.size() * 2);
    old.swap(slots);
    for (const Slot& slot : old)
      if (slot.connected >= 0) put(slot);
  }

  std::vector<Slot> slots;
  size_t count = 0;
};

// ---------------------------------------------------------------- the window

struct Sums {
  int64_t active = 0, closed = 0, duration_ms = 0, messages = 0;
};

class Window {
 public:
  explicit Window(int64_t first_ms) : bucket(first_ms / WIDTH_MS) {}

  // Prints every tick up to `ms`.
  void advance(int64_t ms) {
    while ((bucket + 1) * WIDTH_MS <= ms) tick();
  }

  // Prints the tick that ends the bucket of the last event.
  void finish() { tick(); }

  void connect() {
    at(bucket).active++;
    sum.active++;
    total++;
  }

  void message() {
    at(bucket).messages++;
    sum.messages++;
  }

  void disconnect(int64_t connected_ms, int64_t ms) {
    const int64_t connected = connected_ms / WIDTH_MS;
    if (connected <= bucket - int64_t{WINDOW_BUCKETS}) return;
    Sums& of_connect = at(connected);
    of_connect.active--, of_connect.closed++, of_connect.duration_ms += ms - connected_ms;
    sum.active--, sum.closed++, sum.duration_ms += ms - connected_ms;
  }

 private:
  Sums& at(int64_t number) { return buckets[number % WINDOW_BUCKETS]; }

  void tick() {
    const double mean = sum.closed ? double(sum.duration_ms) / double(sum.closed) : 0;
    printf("%lld %lld %lld %.17g %lld\n", (long long)((bucket + 1) * WIDTH_MS),
           (long long)sum.active, (long long)total, mean, (long long)sum.messages);
    bucket++;
    Sums& gone = at(bucket);
    sum.active -= gone.active, sum.closed -= gone.closed;
    sum.duration_ms -= gone.duration_ms, sum.messages -= gone.messages;
    gone = Sums{};
  }

  int64_t bucket;
  int64_t total = 0;
  Sums sum;
  Sums buckets[WINDOW_BUCKETS];
};

// ---------------------------------------------------------------- the job

int main(int arguments, char** argument) {
  const auto begun = std::chrono::steady_clock::now();
  const int file = arguments == 2 ? open(argument[1], O_RDONLY) : -1;
  if (file < 0) {
    fprintf(stderr, "usage: whole_job FILE\n");
    return 2;
  }
  std::vector<char> buffer(2 * READ_BYTES + simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::parser parser;
  Sessions sessions;
  Window* window = nullptr;
  size_t events = 0, kept = 0;
  for (;;) {
    const ssize_t got = read(file, buffer.data() + kept, READ_BYTES);
    if (got <= 0) break;
    const char* line = buffer.data();
    const char* const end = line + kept + got;
    while (const char* stop = static_cast<const char*>(memchr(line, '\n', end - line))) {
      const size_t length = stop - line;
      auto document = parser.iterate(line, length, length + simdjson::SIMDJSON_PADDING);
      raw_json_string type, timestamp, session;
      if (document["eventType"].get(type) || document["timestamp"].get(timestamp) ||
          document["data"]["sessionId"].get(session)) {
        fprintf(stderr, "line %zu is no event\n", events + 1);
        return 1;
      }
      const int64_t ms = epoch_ms(timestamp.raw());
      if (!window) window = new Window(ms);
      window->advance(ms);
      // webchat:message, webchat:connected, webchat:disconnected
      switch (type.raw()[8]) {
        case 'm':
          window->message();
          break;
        case 'c':
          sessions.connect(uuid(session.raw()), ms);
          window->connect();
          break;
        default: {
          const int64_t connected = sessions.disconnect(uuid(session.raw()));
          if (connected >= 0) window->disconnect(connected, ms);
        }
      }
      events++;
      line = stop + 1;
    }
    kept = end - line;
    memmove(buffer.data(), line, kept);
  }
  // The tick after the last event.
  if (window) window->finish();
  fflush(stdout);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  fprintf(stderr, "%zu events in %.3f s (%.0f events/s)\n", events, took.count(), events / took.count());
}
