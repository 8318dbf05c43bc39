//! A server that does to its clients what real ones do: answers in pieces, breaks off, resets,
//! falls silent. Each request takes the next scripted reply and is recorded.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What one request gets.
#[derive(Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    pieces: Vec<Vec<u8>>,
    end: End,
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    /// Properly, the connection stays open.
    Whole,
    /// The connection is reset in the middle.
    Reset,
    /// Nothing more comes, and the connection stays open.
    Silence,
}

impl Reply {
    pub fn new(status: u16, content_type: &str, body: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), content_type.into())],
            pieces: vec![body.as_bytes().to_vec()],
            end: End::Whole,
        }
    }

    /// A stream of these events.
    pub fn events(events: &[&str]) -> Self {
        let body: String = events
            .iter()
            .map(|event| format!("data: {event}\n\n"))
            .collect();
        Self::new(200, "text/event-stream", &body)
    }

    pub fn json(status: u16, body: &str) -> Self {
        Self::new(status, "application/json", body)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Byte by byte, each in a packet of its own.
    pub fn in_bytes(mut self) -> Self {
        self.pieces = self
            .pieces
            .concat()
            .into_iter()
            .map(|byte| vec![byte])
            .collect();
        self
    }

    pub fn then_reset(mut self) -> Self {
        self.end = End::Reset;
        self
    }

    pub fn then_silence(mut self) -> Self {
        self.end = End::Silence;
        self
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub head: String,
    pub body: String,
    /// Number of the connection it came on.
    pub connection: usize,
}

pub struct Server {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Scripted replies in order; a request too many is closed without an answer.
    pub async fn start(replies: Vec<Reply>) -> Self {
        let replies = Mutex::new(VecDeque::from(replies));
        Self::answering(move |_| replies.lock().unwrap().pop_front()).await
    }

    /// `answer` is given the first line of each request, "GET /path HTTP/1.1".
    pub async fn answering(answer: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        tokio::spawn(async move {
            for connection in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move { serve(stream, connection, &seen, &*answer).await });
            }
        });
        Self { address, requests }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    seen: &Mutex<Vec<Request>>,
    answer: &(impl Fn(&str) -> Option<Reply> + ?Sized),
) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    loop {
        let (head, body) = read_request(&mut stream).await?;
        let reply = answer(head.lines().next().unwrap_or_default());
        seen.lock().unwrap().push(Request {
            head,
            body,
            connection,
        });
        let reply = reply?;
        let mut head = format!(
            "HTTP/1.1 {} X\r\ntransfer-encoding: chunked\r\n",
            reply.status
        );
        for (name, value) in &reply.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream
            .write_all(format!("{head}\r\n").as_bytes())
            .await
            .ok()?;
        for piece in reply.pieces.iter().filter(|piece| !piece.is_empty()) {
            let mut framed = format!("{:x}\r\n", piece.len()).into_bytes();
            framed.extend_from_slice(piece);
            framed.extend_from_slice(b"\r\n");
            stream.write_all(&framed).await.ok()?;
            stream.flush().await.ok()?;
        }
        match reply.end {
            End::Whole => stream.write_all(b"0\r\n\r\n").await.ok()?,
            // A chunked body without its last chunk is broken, however the connection ends; no
            // RST, which could overtake the bytes before it.
            End::Reset => return None,
            End::Silence => {
                // Until the client goes.
                let mut rest = [0; 64];
                while stream.read(&mut rest).await.ok()? > 0 {}
                return None;
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    let total = head_end + length.unwrap_or(0);
    while bytes.len() < total {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some((
        head,
        String::from_utf8(bytes[head_end..total].to_vec()).ok()?,
    ))
}
