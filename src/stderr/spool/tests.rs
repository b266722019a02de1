use std::io::PipeReader;
use std::io::Read;
use std::thread::JoinHandle;

use super::*;

/// Longer than anything here takes; only a hang meets it.
const HANG: Duration = Duration::from_secs(60);

fn piped() -> (PipeReader, Spool) {
    let (reader, writer) = io::pipe().unwrap();
    (reader, Spool::start(Some(writer)))
}

/// Reads until the spool is dropped.
fn reading(mut reader: PipeReader) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    })
}

/// The lines are numbered from 0; every gap is reported where it is. Gives what comes next.
fn check_numbers(text: &str) -> u64 {
    let mut next = 0;
    for line in text.lines() {
        if let Some((_, gap)) = line.split_once("WARN log: ") {
            next += gap.split(' ').next().unwrap().parse::<u64>().unwrap();
        } else {
            assert_eq!(line.trim_end(), format!("line {next}"));
            next += 1;
        }
    }
    next
}

#[test]
fn lines_come_out_whole_and_in_order() {
    let (reader, spool) = piped();
    let reading = reading(reader);
    // Fewer than wait at the most, so that no pace of the two threads decides.
    for number in 0..5_000 {
        spool.put(format!("line {number}\n").as_bytes());
    }
    spool.flush(HANG);
    assert_eq!(spool.dropped(), 0);
    drop(spool);
    let text = reading.join().unwrap();
    assert_eq!((check_numbers(&text), text.lines().count()), (5_000, 5_000));
}

#[test]
fn a_reader_that_stops_costs_bounded_room_and_each_gap_is_told_in_its_place() {
    let (reader, spool) = piped();
    // A hundred thousand lines of a hundred bytes: far more than the pipe and the spool hold.
    for number in 0..100_000 {
        spool.put(format!("line {number:<95}\n").as_bytes());
    }
    let dropped = spool.dropped();
    assert!(dropped > 80_000, "{dropped}");
    let waiting = spool.shared.waiting_bytes.load(Ordering::Relaxed);
    assert!(waiting <= BYTES_MAX + 1, "{waiting}");
    // The reader is back; what comes now comes behind the gap.
    let reading = reading(reader);
    spool.flush(HANG);
    spool.put(b"line 100000\n");
    spool.flush(HANG);
    assert_eq!(spool.dropped(), dropped);
    drop(spool);
    assert_eq!(check_numbers(&reading.join().unwrap()), 100_001);
}

#[test]
fn nobody_waits_for_a_reader_that_has_stopped() {
    let (_reader, spool) = piped();
    for _ in 0..10_000 {
        spool.put(&[b'x'; 4_096]);
    }
    // Ends although nothing moves.
    spool.flush(Duration::from_millis(20));
    assert!(spool.dropped() > 0);
}

#[test]
fn a_reader_that_is_gone_is_counted_and_not_waited_for() {
    let (reader, spool) = piped();
    drop(reader);
    spool.put(b"line 0\n");
    // Far below the limit: the thread gives the line up at once.
    spool.flush(HANG);
    assert_eq!(spool.dropped(), 1);
    let none = Spool::start(None::<Vec<u8>>);
    none.put(b"line 0\n");
    assert_eq!(none.dropped(), 1);
}

/// Takes a number of bytes and is full then, until it is given more room.
#[derive(Clone, Debug)]
struct Disk {
    room: Arc<AtomicUsize>,
    bytes: SyncSender<u8>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.room.load(Ordering::SeqCst).min(bytes.len());
        if room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.room.fetch_sub(room, Ordering::SeqCst);
        for byte in &bytes[..room] {
            self.bytes.send(*byte).unwrap();
        }
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_was_full_begins_with_a_new_line_and_says_what_is_missing() {
    let (sender, written) = mpsc::sync_channel(10_000);
    let disk = Disk {
        room: Arc::new(AtomicUsize::new(10)),
        bytes: sender,
    };
    let spool = Spool::start(Some(disk.clone()));
    for number in 1..=3 {
        spool.put(format!("line {number}\n").as_bytes());
        spool.flush(HANG);
    }
    assert_eq!(spool.dropped(), 2);
    disk.room.store(9_000, Ordering::SeqCst);
    spool.put(b"line 4\n");
    spool.flush(HANG);
    let text = String::from_utf8(written.try_iter().collect()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert_eq!(lines[..2], ["line 1", "lin"]);
    assert!(lines[2].contains("2 lines dropped here"), "{text}");
    assert_eq!(lines[3], "line 4");
}

#[test]
fn a_huge_line_is_cut_and_as_json_dropped_whole() {
    let huge = vec![b'x'; 10 * LINE_BYTES_MAX];
    let (reader, spool) = piped();
    spool.put(&huge);
    drop(spool);
    let text = reading(reader).join().unwrap();
    assert_eq!(text.len(), LINE_BYTES_MAX);
    assert!(text.ends_with("x ...\n"));

    let (reader, spool) = piped();
    spool.use_json();
    spool.put(&huge);
    assert_eq!(spool.dropped(), 1);
    spool.put(b"{}\n");
    drop(spool);
    let text = reading(reader).join().unwrap();
    let (gap, rest) = text.split_once('\n').unwrap();
    assert!(
        gap.starts_with('{') && gap.contains("1 line dropped"),
        "{gap}"
    );
    assert_eq!(rest, "{}\n");
}

/// Refuses every other write, as a file does that somebody has set not to wait.
struct Refusing(SyncSender<Vec<u8>>, bool);

impl Write for Refusing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let some = &bytes[..bytes.len().min(3)];
        self.0.send(some.to_vec()).unwrap();
        Ok(some.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_that_refuses_instead_of_waiting_is_asked_again() {
    let (sender, written) = mpsc::sync_channel(100);
    let spool = Spool::start(Some(Refusing(sender, false)));
    spool.put(b"line 0\n");
    spool.flush(HANG);
    let pieces: Vec<Vec<u8>> = written.try_iter().collect();
    assert_eq!(pieces.concat(), b"line 0\n");
    assert_eq!(spool.dropped(), 0);
}
