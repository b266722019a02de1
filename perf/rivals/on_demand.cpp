// The rival of the parse stage: simdjson On-Demand pulls eventType, timestamp and data.sessionId out
// of newline-delimited events, one line at a time, and sums up what `examples/parse_file.rs` sums up.
//
//   g++ -O3 -march=native -std=c++17 -o on_demand on_demand.cpp -lsimdjson
//   on_demand FILE [convert|pull] [PASSES]
//
// The best of the passes is reported: wall time, and behind `cpu` the processor time of the same pass.
//
// `pull` only touches the three strings, `convert` (the default) also makes of them what an engine
// needs: milliseconds and the first 32 bits of the session id. Neither looks for duplicate keys, nor at
// what stands behind the last key it wants, which our parser has to.

#include <simdjson.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <time.h>

using namespace simdjson;

// Processor time of this thread so far, in nanoseconds.
static double cpu_ns() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) * 1e9 + double(now.tv_nsec);
}

static int64_t days_from_civil(int64_t y, unsigned m, unsigned d) {
  y -= m <= 2;
  const int64_t era = y / 400;
  const unsigned yoe = unsigned(y - era * 400);
  const unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
  return era * 146097 + int64_t(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}

// "2026-01-15T12:00:00.000Z", trusted.
static int64_t epoch_ms(std::string_view t) {
  auto two = [&](size_t i) { return unsigned(t[i] - '0') * 10 + unsigned(t[i + 1] - '0'); };
  const int64_t days = days_from_civil(two(0) * 100 + two(2), two(5), two(8));
  const int64_t seconds = days * 86400 + two(11) * 3600 + two(14) * 60 + two(17);
  return seconds * 1000 + two(20) * 10 + unsigned(t[22] - '0');
}

// The first eight digits, trusted.
static uint64_t hex32(std::string_view id) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; i++) {
    const unsigned c = static_cast<unsigned char>(id[i]);
    value = value << 4 | ((c & 15) + 9 * (c >> 6));
  }
  return value;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: on_demand FILE [convert|pull] [PASSES]\n");
    return 2;
  }
  const bool convert = argc < 3 || std::strcmp(argv[2], "pull") != 0;
  padded_string file;
  if (padded_string::load(argv[1]).get(file)) {
    std::fprintf(stderr, "on_demand: %s: cannot be read\n", argv[1]);
    return 1;
  }
  const int passes = argc < 4 ? 1 : std::atoi(argv[3]);
  ondemand::parser parser;
  const char *const end = file.data() + file.size();
  uint64_t events = 0, others = 0, checksum = 0;
  double ns = 1e300, cpu = 0;

  for (int pass = 0; pass < passes; pass++) {
    const auto begun = std::chrono::steady_clock::now();
    const double cpu_begun = cpu_ns();
    const char *at = file.data();
    events = others = checksum = 0;
    while (at < end) {
      const auto *line_end = static_cast<const char *>(std::memchr(at, '\n', size_t(end - at)));
      if (line_end == nullptr) break;
      // The rest of the file, or its padding, is the line's padding.
      const size_t capacity = size_t(end - at) + SIMDJSON_PADDING;
      ondemand::document document;
      std::string_view type, time, session;
      const bool is_read =
          !parser.iterate(at, size_t(line_end - at), capacity).get(document) &&
          !document["eventType"].get_string().get(type) &&
          !document["timestamp"].get_string().get(time) &&
          !document["data"]["sessionId"].get_string().get(session);
      at = line_end + 1;
      uint64_t kind = 3;
      if (is_read) {
        if (type == "webchat:connected") kind = 0;
        else if (type == "webchat:disconnected") kind = 1;
        else if (type == "webchat:message") kind = 2;
      }
      if (kind == 3) {
        others++;
        continue;
      }
      events++;
      checksum += kind;
      checksum += convert ? uint64_t(epoch_ms(time)) + hex32(session) : time.size() + session.size();
    }
    const double took = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begun).count();
    if (took < ns) {
      ns = took;
      cpu = cpu_ns() - cpu_begun;
    }
  }
  std::printf("events %llu  others %llu  checksum %016llx  %.1f ns/event  %.2f M events/s  %.2f GB/s  cpu %.1f ns/event  (%s)\n",
              (unsigned long long)events, (unsigned long long)others, (unsigned long long)checksum,
              ns / double(events), double(events) * 1e3 / ns, double(file.size()) / ns, cpu / double(events),
              get_active_implementation()->name().c_str());
  return 0;
}
