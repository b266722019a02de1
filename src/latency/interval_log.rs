//! Histograms over time as a log (`.hlog`) that the viewers of HdrHistogram read.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::serialization::Serializer as _;
use hdrhistogram::serialization::V2DeflateSerializer;

use super::Histogram;

/// A log in memory, about a kilobyte for each interval.
pub struct IntervalLog {
    text: String,
    serializer: V2DeflateSerializer,
    /// One interval before it is text, kept for its memory.
    packed: Vec<u8>,
}

impl std::fmt::Debug for IntervalLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IntervalLog")
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

impl IntervalLog {
    /// A log whose intervals count from `start`, the time since 1970-01-01T00:00:00Z.
    pub fn new(start: Duration) -> Self {
        let start_s = start.as_secs_f64();
        let text = format!(
            "#[Histogram log format version 1.3]\n\
             #[StartTime: {start_s:.3} (seconds since epoch)]\n\
             #[BaseTime: {start_s:.3} (seconds since epoch)]\n\
             \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"
        );
        Self {
            text,
            serializer: V2DeflateSerializer::new(),
            packed: Vec::new(),
        }
    }

    /// Adds the interval that begins `since_start` after the log's start. Its values are in
    /// nanoseconds; the column of the greatest one, for people, is in milliseconds.
    pub fn add(&mut self, histogram: &Histogram, since_start: Duration, length: Duration) {
        self.packed.clear();
        if let Err(error) = self.serializer.serialize(&histogram.0, &mut self.packed) {
            unreachable!("counts of 64 bits are serialized to memory: {error}");
        }
        // Writing to a string cannot fail.
        let _ = writeln!(
            self.text,
            "{:.3},{:.3},{:.3},{}",
            since_start.as_secs_f64(),
            length.as_secs_f64(),
            Duration::from_nanos(histogram.max_ns()).as_secs_f64() * 1e3,
            STANDARD.encode(&self.packed),
        );
    }

    /// The log as it stands in a file.
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::IntervalLogIterator;
    use hdrhistogram::serialization::interval_log::LogEntry;

    use super::*;

    #[test]
    fn the_log_is_read_back_as_it_was() {
        let mut log = IntervalLog::new(Duration::from_millis(1_768_478_400_250));
        let second = Duration::from_secs(1);
        let mut histograms = [Histogram::new(), Histogram::new()];
        histograms[0].record(1_500_000, 7);
        histograms[1].record(40, 1);
        for (index, histogram) in (0..).zip(&histograms) {
            log.add(histogram, second * index, second);
        }
        assert!(log.text().contains("\n0.000,1.000,1.50"), "{}", log.text());
        let mut starts = Vec::new();
        let mut read = Vec::new();
        for entry in IntervalLogIterator::new(log.text().as_bytes()) {
            match entry.unwrap() {
                LogEntry::StartTime(at) | LogEntry::BaseTime(at) => starts.push(at),
                LogEntry::Interval(interval) => {
                    let packed = STANDARD.decode(interval.encoded_histogram()).unwrap();
                    let histogram = Deserializer::new().deserialize(&mut packed.as_slice());
                    read.push((interval.start_timestamp(), Histogram(histogram.unwrap())));
                }
            }
        }
        assert_eq!(starts, [Duration::from_millis(1_768_478_400_250); 2]);
        let expected = (0..)
            .zip(histograms)
            .map(|(index, histogram)| (second * index, histogram));
        assert_eq!(read, expected.collect::<Vec<_>>());
    }
}
