//! The output of a program, line by line, within limits.
//!
//! Apart from running it because a program may write more than anybody wants to keep.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use super::{Listener, Stream};

/// Most lines of output that are kept of one program; what is older is dropped and counted.
const LINES_MAX: usize = 20_000;
/// The longest line that is kept, bytes, unless more is asked for.
pub const LINE_BYTES_MAX: usize = 16 * 1024;

/// What a program has written so far, in order.
#[derive(Clone)]
pub struct Lines {
    all: Arc<Mutex<Vec<(Stream, String)>>>,
    line_bytes_max: usize,
}

impl Lines {
    /// Nothing yet; a line is kept up to so many bytes.
    pub fn new(line_bytes_max: usize) -> Self {
        Self {
            all: Arc::default(),
            line_bytes_max,
        }
    }

    fn add(&self, stream: Stream, line: String) {
        let mut lines = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES_MAX {
            lines.drain(..LINES_MAX / 2);
            lines.insert(0, (stream, "(earlier lines were dropped)".to_owned()));
        }
        lines.push((stream, line));
    }

    /// What was written to a stream.
    pub fn of(&self, stream: Stream) -> String {
        let lines = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .iter()
            .filter(|(of, _)| *of == stream)
            .fold(String::new(), |text, (_, line)| text + line + "\n")
    }

    /// The last lines of both streams.
    pub fn last(&self, count: usize) -> String {
        let lines = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let first = lines.len().saturating_sub(count);
        let last: Vec<&str> = lines[first..]
            .iter()
            .map(|(_, line)| line.as_str())
            .collect();
        last.join(" | ")
    }
}

/// Reads a pipe to its end.
pub async fn read(
    pipe: Option<impl AsyncRead + Unpin>,
    stream: Stream,
    listener: &Option<Listener>,
    lines: &Lines,
) {
    let Some(pipe) = pipe else { return };
    let mut reader = BufReader::new(pipe);
    let mut bytes = Vec::new();
    // Ends with the pipe; the caller's limit is around it.
    while let Ok(1..) = reader.read_until(b'\n', &mut bytes).await {
        bytes.truncate(lines.line_bytes_max);
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim_end_matches(['\n', '\r']);
        if let Some(listener) = listener {
            listener(stream, line);
        }
        lines.add(stream, line.to_owned());
        bytes.clear();
    }
}
