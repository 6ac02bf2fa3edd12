//! One HTTP/1.1 connection, seen from the side of somebody who measures: every phase has its instant.
//!
//! A general client hides what is to be seen here (which request opened a connection, when the first byte came) and costs
//! more per request than many servers. Heads, chunk sizes and trailers are read by `httparse`; what is left is the framing
//! of RFC 9112, section 6.3. Nothing is allocated for a request: its bytes are ready, the buffer is the connection's.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    failure::{ErrorClass, RequestFailure},
    target::BenchTarget,
};

/// Bytes read at once; also the longest head.
const BUFFER: usize = 64 * 1024;

/// Most headers of a response.
const HEADERS: usize = 100;

/// Takes the body of a response as it comes.
pub trait Sink {
    /// The head has come.
    fn begin(&mut self, _status: u16, _form: Form) {}
    /// Part of the body has come.
    fn part(&mut self, bytes: &[u8]);
}

/// The form of a body, as far as it matters for its timing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Server-sent events.
    Events,
    /// A JSON object a line, as it comes.
    JsonLines,
    /// Anything else.
    Other,
}

/// How long opening a connection took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectTimes {
    /// TCP.
    pub connect: Duration,
    /// TLS on top of it.
    pub tls: Option<Duration>,
}

/// A response that came to its end.
#[derive(Debug, Clone, Copy)]
pub struct Exchange {
    /// HTTP status.
    pub status: u16,
    /// When its first byte came.
    pub first_byte: Instant,
    /// Bytes of the body.
    pub body: u64,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection to a target.
pub struct Connection {
    stream: Stream,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Whether the next request can go over it.
    reusable: bool,
}

/// How a body ends.
enum Framing {
    Empty,
    Length(u64),
    Chunked,
    /// With the connection.
    Close,
}

impl Connection {
    /// Opens a connection.
    ///
    /// # Errors
    /// When the server does not accept or TLS fails.
    pub async fn open(target: &BenchTarget) -> Result<(Self, ConnectTimes), RequestFailure> {
        let started = Instant::now();
        let failed =
            |error: &io::Error| RequestFailure::new(ErrorClass::Connect, format!("{}: {error}", target.address));
        let tcp = TcpStream::connect(target.address).await.map_err(|error| failed(&error))?;
        tcp.set_nodelay(true).map_err(|error| failed(&error))?;
        let connect = started.elapsed();
        let (stream, tls) = match &target.tls {
            None => (Stream::Plain(tcp), None),
            Some((name, config)) => {
                let started = Instant::now();
                let session = TlsConnector::from(config.clone())
                    .connect(name.clone(), tcp)
                    .await
                    .map_err(|error| RequestFailure::new(ErrorClass::Tls, error.to_string()))?;
                (Stream::Tls(Box::new(session)), Some(started.elapsed()))
            }
        };
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Ok((Self { stream, buffer, start: 0, end: 0, reusable: true }, ConnectTimes { connect, tls }))
    }

    /// Whether another request can go over it.
    pub const fn is_reusable(&self) -> bool {
        self.reusable
    }

    /// Sends a request, whose bytes are whole, and gives the body of its response to `sink`. If it fails or is dropped on the
    /// way, the connection is not reusable.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is no HTTP.
    pub async fn exchange(
        &mut self,
        request: &[u8],
        head: bool,
        sink: &mut impl Sink,
    ) -> Result<Exchange, RequestFailure> {
        self.reusable = false;
        self.stream.write_all(request).await.map_err(|error| reset(&error))?;
        if let Stream::Tls(session) = &mut self.stream {
            session.flush().await.map_err(|error| reset(&error))?;
        }
        let (Head { status, framing, keep, form, .. }, first_byte) = self.head(head).await?;
        sink.begin(status, form);
        let body = match framing {
            Framing::Empty => 0,
            Framing::Length(length) => self.length(length, sink).await?,
            Framing::Chunked => self.chunked(sink).await?,
            Framing::Close => self.close(sink).await?,
        };
        self.reusable = keep && !matches!(framing, Framing::Close);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else {
            // Bytes that nobody asked for: what comes next cannot be told from them.
            self.reusable = false;
        }
        Ok(Exchange { status, first_byte, body })
    }

    /// Reads more; `false` at the end.
    async fn fill(&mut self) -> io::Result<bool> {
        if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let read = self.stream.read(&mut self.buffer[self.end..]).await?;
        self.end += read;
        Ok(read > 0)
    }

    async fn head(&mut self, no_body: bool) -> Result<(Head, Instant), RequestFailure> {
        let mut first_byte = None;
        loop {
            if self.start < self.end {
                let arrived = *first_byte.get_or_insert_with(Instant::now);
                if let Some(head) = parse(&self.buffer[self.start..self.end], no_body)? {
                    self.start += head.length;
                    // Interim responses (100, 103) announce the real one.
                    if head.status >= 200 {
                        return Ok((head, arrived));
                    }
                    continue;
                }
                if self.start == 0 && self.end == self.buffer.len() {
                    return Err(RequestFailure::new(
                        ErrorClass::Protocol,
                        "the head of the response is longer than 64 KiB",
                    ));
                }
            }
            match self.fill().await {
                Ok(true) => {}
                Ok(false) if first_byte.is_none() => {
                    return Err(RequestFailure::new(
                        ErrorClass::Reset,
                        "the server closed the connection without an answer",
                    ));
                }
                Ok(false) => return Err(truncated("in the head")),
                Err(error) if first_byte.is_none() => return Err(reset(&error)),
                Err(error) => return Err(truncated(&error.to_string())),
            }
        }
    }

    /// Gives at most `wanted` bytes of what is in the buffer to the sink; says how many.
    fn give(&mut self, wanted: u64, sink: &mut impl Sink) -> u64 {
        let there = (self.end - self.start).min(usize::try_from(wanted).unwrap_or(usize::MAX));
        if there > 0 {
            sink.part(&self.buffer[self.start..self.start + there]);
            self.start += there;
        }
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        there as u64
    }

    async fn length(&mut self, length: u64, sink: &mut impl Sink) -> Result<u64, RequestFailure> {
        let mut left = length - self.give(length, sink);
        while left > 0 {
            self.more().await?;
            left -= self.give(left, sink);
        }
        Ok(length)
    }

    async fn chunked(&mut self, sink: &mut impl Sink) -> Result<u64, RequestFailure> {
        let broken = || RequestFailure::new(ErrorClass::Protocol, "a chunk of the body is not framed as HTTP wants it");
        let mut total = 0;
        loop {
            let size = loop {
                match httparse::parse_chunk_size(&self.buffer[self.start..self.end]).map_err(|_| broken())? {
                    httparse::Status::Complete((used, size)) => {
                        self.start += used;
                        break size;
                    }
                    httparse::Status::Partial => self.more().await?,
                }
            };
            if size == 0 {
                break;
            }
            total += self.length(size, sink).await?;
            while self.end - self.start < 2 {
                self.more().await?;
            }
            if &self.buffer[self.start..self.start + 2] != b"\r\n" {
                return Err(broken());
            }
            self.start += 2;
        }
        loop {
            let mut trailers = [httparse::EMPTY_HEADER; HEADERS];
            match httparse::parse_headers(&self.buffer[self.start..self.end], &mut trailers).map_err(|_| broken())? {
                httparse::Status::Complete((used, _)) => {
                    self.start += used;
                    return Ok(total);
                }
                httparse::Status::Partial => self.more().await?,
            }
        }
    }

    async fn close(&mut self, sink: &mut impl Sink) -> Result<u64, RequestFailure> {
        let mut total = self.give(u64::MAX, sink);
        while self.fill().await.map_err(|error| truncated(&error.to_string()))? {
            total += self.give(u64::MAX, sink);
        }
        Ok(total)
    }

    async fn more(&mut self) -> Result<(), RequestFailure> {
        if self.start == 0 && self.end == self.buffer.len() {
            return Err(RequestFailure::new(ErrorClass::Protocol, "a line of the response is longer than 64 KiB"));
        }
        match self.fill().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(truncated("in the body")),
            Err(error) => Err(truncated(&error.to_string())),
        }
    }
}

fn reset(error: &io::Error) -> RequestFailure {
    RequestFailure::new(ErrorClass::Reset, format!("the connection broke before the answer: {error}"))
}

fn truncated(place: &str) -> RequestFailure {
    RequestFailure::new(ErrorClass::Truncated, format!("the connection ended before the answer did ({place})"))
}

/// Status and framing of a response.
struct Head {
    /// Its own bytes.
    length: usize,
    status: u16,
    framing: Framing,
    /// Whether the connection stays.
    keep: bool,
    form: Form,
}

fn parse(bytes: &[u8], no_body: bool) -> Result<Option<Head>, RequestFailure> {
    let protocol = |reason: String| RequestFailure::new(ErrorClass::Protocol, reason);
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(protocol(format!("the server does not answer in HTTP/1.1 ({error})"))),
    };
    let status = response.code.unwrap_or(0);
    let mut keep = response.version == Some(1);
    let (mut chunked, mut body, mut form) = (false, None, Form::Other);
    for header in response.headers.iter() {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        let has = |token: &str| {
            let value = std::str::from_utf8(header.value).unwrap_or_default();
            value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token))
        };
        if is("content-length") {
            let value = std::str::from_utf8(header.value).ok().and_then(|value| value.trim().parse::<u64>().ok());
            body = Some(value.ok_or_else(|| protocol("the content-length of the response is no number".into()))?);
        } else if is("transfer-encoding") {
            chunked = has("chunked");
        } else if is("content-type") {
            form = match std::str::from_utf8(header.value).unwrap_or_default().split(';').next().unwrap_or("").trim() {
                "text/event-stream" => Form::Events,
                "application/x-ndjson" | "application/jsonl" => Form::JsonLines,
                _ => Form::Other,
            };
        } else if is("connection") {
            keep = (keep || has("keep-alive")) && !has("close");
        }
    }
    let framing = if no_body || status < 200 || status == 204 || status == 304 {
        Framing::Empty
    } else if chunked {
        Framing::Chunked
    } else {
        match body {
            Some(0) => Framing::Empty,
            Some(length) => Framing::Length(length),
            None => Framing::Close,
        }
    };
    Ok(Some(Head { length, status, framing, keep, form }))
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
