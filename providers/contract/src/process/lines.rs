//! The output of a program, line by line, within limits: a program may write more than can be kept.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, BufReader};

use super::{LineSink, Stream};
use crate::mutex::lock;

/// The largest number of output lines that are kept of one program; older ones are dropped.
const LINES_MAX: usize = 20_000;
/// The largest size of all kept lines together, bytes, in addition to one line of the maximum length.
const BYTES_MAX: usize = 8 << 20;
/// Replaces older lines that were dropped.
const DROPPED: &str = "(earlier lines were dropped)";
/// The longest line that is kept whole, bytes, unless the program's limit is higher.
pub const LINE_BYTES_MAX: usize = 16 * 1024;

/// What a program has written so far, in order.
#[derive(Clone)]
pub struct Lines {
    all: Arc<Mutex<Kept>>,
    line_bytes_max: usize,
}

#[derive(Default)]
struct Kept {
    lines: Vec<(Stream, String)>,
    bytes: usize,
}

impl Kept {
    fn add(&mut self, stream: Stream, line: String, bytes_max: usize) {
        self.bytes += line.len();
        self.lines.push((stream, line));
        if self.lines.len() <= LINES_MAX && self.bytes <= bytes_max {
            return;
        }
        // Drop the older half, and more if that is not enough. The last line is always kept.
        let mut drop = self.lines.len() / 2;
        let mut left: usize = self
            .lines
            .iter()
            .skip(drop)
            .map(|(_, line)| line.len())
            .sum();
        while left > bytes_max && drop + 1 < self.lines.len() {
            left -= self.lines[drop].1.len();
            drop += 1;
        }
        self.lines.drain(..drop);
        self.lines.insert(0, (stream, DROPPED.to_owned()));
        self.bytes = left + DROPPED.len();
    }
}

impl Lines {
    /// No output yet. Lines are kept up to `line_bytes_max` bytes.
    pub fn new(line_bytes_max: usize) -> Self {
        Self {
            all: Arc::default(),
            line_bytes_max,
        }
    }

    fn add(&self, stream: Stream, line: String) {
        let mut kept = lock(&self.all);
        let most = BYTES_MAX.saturating_add(self.line_bytes_max);
        kept.add(stream, line, most);
    }

    /// The lines of one stream.
    pub fn of(&self, stream: Stream) -> String {
        let kept = lock(&self.all);
        let lines = kept.lines.iter();
        lines
            .filter(|(of, _)| *of == stream)
            .fold(String::new(), |text, (_, line)| text + line + "\n")
    }

    /// The last lines of both streams.
    pub fn last(&self, count: usize) -> String {
        let kept = lock(&self.all);
        let lines = &kept.lines;
        let first = lines.len().saturating_sub(count);
        let last: Vec<&str> = lines[first..]
            .iter()
            .map(|(_, line)| line.as_str())
            .collect();
        last.join(" | ")
    }
}

/// Reads a pipe until it ends.
pub async fn read(
    pipe: Option<impl AsyncRead + Unpin>,
    stream: Stream,
    sink: Option<&LineSink>,
    lines: &Lines,
) {
    let Some(pipe) = pipe else { return };
    let mut reader = BufReader::new(pipe);
    // Ends with the pipe, and is bounded by the caller's limit.
    while let Some(line) = next_line(&mut reader, lines.line_bytes_max).await {
        if let Some(sink) = sink {
            sink(stream, &line);
        }
        lines.add(stream, line);
    }
}

/// The next line without its line end, cut to `most` bytes. The rest is read and dropped, and the line says so.
async fn next_line(reader: &mut (impl AsyncBufRead + Unpin), most: usize) -> Option<String> {
    let mut bytes = Vec::new();
    let mut dropped = 0_usize;
    let mut any = false;
    loop {
        // A broken pipe counts as ended.
        let chunk = reader.fill_buf().await.unwrap_or_default();
        if chunk.is_empty() {
            break;
        }
        any = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        let kept = part.len().min(most.saturating_sub(bytes.len()));
        bytes.extend_from_slice(&part[..kept]);
        dropped = dropped.saturating_add(part.len() - kept);
        let read = part.len() + usize::from(end.is_some());
        reader.consume(read);
        if end.is_some() {
            break;
        }
    }
    let line = String::from_utf8_lossy(&bytes);
    let line = line.trim_end_matches('\r');
    match dropped {
        _ if !any => None,
        0 => Some(line.to_owned()),
        dropped => Some(format!(
            "{line} ({dropped} bytes more of this line were dropped)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(bytes: &[u8], most: usize) -> Vec<String> {
        let lines = Lines::new(most);
        read(Some(bytes), Stream::Output, None, &lines).await;
        let text = lines.of(Stream::Output);
        text.lines().map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn lines_are_cut_to_their_limit_and_say_what_was_dropped() {
        assert_eq!(all(b"a\r\n\nbcd\nrest", 9).await, ["a", "", "bcd", "rest"]);
        let cut = "abc (2 bytes more of this line were dropped)";
        assert_eq!(all(b"abcde\nabc\n", 3).await, [cut, "abc"]);
        assert_eq!(all(b"", 3).await, [""; 0]);
        assert_eq!(all(&[0xff, b'\n'], 3).await, ["\u{fffd}"]);
    }

    #[tokio::test]
    async fn an_endless_line_takes_no_more_memory_than_its_limit() {
        let endless = tokio::io::AsyncReadExt::take(tokio::io::repeat(b'x'), 64 << 20);
        let line = next_line(&mut BufReader::new(endless), 1000).await;
        let line = line.expect("a line");
        assert!(line.capacity() < 5000, "{}", line.capacity());
        assert!(
            line.ends_with("67107864 bytes more of this line were dropped)"),
            "{line}"
        );
    }

    #[test]
    fn many_long_lines_are_kept_up_to_a_limit_and_the_last_ones_stay() {
        let mut kept = Kept::default();
        for number in 0..5000 {
            kept.add(Stream::Output, format!("{number:->1000}"), 100_000);
            assert!(kept.bytes <= 100_000);
            let real: usize = kept.lines.iter().map(|(_, line)| line.len()).sum();
            assert_eq!(kept.bytes, real);
        }
        assert_eq!(
            kept.lines.first().map(|(_, line)| line.as_str()),
            Some(DROPPED)
        );
        assert!(
            kept.lines
                .last()
                .is_some_and(|(_, line)| line.ends_with("4999"))
        );
        kept.add(Stream::Output, "y".repeat(200_000), 100_000);
        assert_eq!(kept.lines.len(), 2, "the last line is always kept");
    }
}
