//! A client as a foreign program would write it: JSON over a WebSocket, nothing of ours.

use std::collections::VecDeque;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use mira_server::{Limits, ServeOptions, Server, serve};
use mira_testkit::{ScriptedModel, TempProject, TestEngine};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Response;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

/// How long something may take that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// An engine that listens.
pub struct Host {
    pub test: TestEngine,
    pub server: Server,
}

impl Host {
    pub async fn with_model(model: &ScriptedModel) -> Self {
        Self::limited(model, Limits::default()).await
    }

    pub async fn limited(model: &ScriptedModel, limits: Limits) -> Self {
        Self::on(TestEngine::with_model(model).await, limits).await
    }

    pub async fn on(test: TestEngine, limits: Limits) -> Self {
        let options = ServeOptions {
            port: 0,
            limits,
            ..ServeOptions::new(test.data_dir())
        };
        let server = serve(test.engine.clone(), options).await.unwrap();
        Self { test, server }
    }

    pub fn token(&self) -> String {
        std::fs::read_to_string(self.test.data_dir().join(mira_server::TOKEN_FILE)).unwrap()
    }

    /// Opens the socket with these headers.
    pub async fn dial(&self, headers: &[(&'static str, &str)]) -> Result<Client, Box<Error>> {
        let mut request = format!("ws://{}/ws", self.server.addr())
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (socket, _) = connect_async(request).await?;
        Ok(Client {
            socket,
            heard: VecDeque::new(),
        })
    }

    /// An authenticated client whose system takes little of what it does not read.
    pub async fn narrow_client(&self) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(128 << 10).unwrap();
        let stream = socket.connect(self.server.addr()).await.unwrap();
        let address = format!("ws://{}/ws", self.server.addr());
        let mut request = address.into_client_request().unwrap();
        let bearer = format!("Bearer {}", self.token());
        request
            .headers_mut()
            .insert("authorization", bearer.parse().unwrap());
        let (socket, _) = client_async(request, MaybeTlsStream::Plain(stream))
            .await
            .unwrap();
        Client {
            socket,
            heard: VecDeque::new(),
        }
    }

    /// An authenticated client, welcomed.
    pub async fn client(&self) -> Client {
        let bearer = format!("Bearer {}", self.token());
        let mut client = self.dial(&[("authorization", &bearer)]).await.unwrap();
        let welcome = client.next().await.unwrap();
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        client
    }

    /// A project with this fixture, opened over the socket.
    pub async fn project(&self, client: &mut Client, project: &TempProject) -> String {
        let path = project.root().display().to_string();
        let opened = client
            .request("project.open", json!({ "path": path }))
            .await;
        opened["result"]["id"].as_str().unwrap().to_owned()
    }
}

/// The status with which an upgrade was refused.
pub fn refused(result: Result<Client, Box<Error>>) -> Response<Option<Vec<u8>>> {
    match result.map_err(|error| *error) {
        Err(Error::Http(response)) => *response,
        Err(other) => panic!("not an HTTP answer: {other}"),
        Ok(_) => panic!("it was let in"),
    }
}

pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Read while looking for something else.
    heard: VecDeque<Value>,
}

impl Client {
    pub async fn send(&mut self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next message; None once the server has closed.
    pub async fn next(&mut self) -> Option<Value> {
        match self.heard.pop_front() {
            Some(message) => Some(message),
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Option<Value> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let frame = tokio::time::timeout_at(deadline, self.socket.next()).await;
            match frame.expect("a message within a minute")? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The close code, after reading everything before it.
    pub async fn close_code(&mut self) -> Option<u16> {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match frame.expect("an end within a minute")? {
                Ok(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The first message that fits; those before it stay to be read.
    pub async fn find(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(position) = self.heard.iter().position(&fits) {
            return self.heard.remove(position).unwrap();
        }
        loop {
            let message = self.read().await.expect("the message before the end");
            if fits(&message) {
                return message;
            }
            self.heard.push_back(message);
        }
    }

    /// The answer to the request with that id.
    pub async fn reply(&mut self, id: u64) -> Value {
        self.find(|message| message["id"] == id).await
    }

    pub async fn request(&mut self, method: &str, params: Value) -> Value {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1_000);
        let id = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.send(json!({ "type": "request", "id": id, "method": method, "params": params }))
            .await;
        self.reply(id).await
    }

    /// Everything up to the operation's terminal message, that one included.
    pub async fn until_end(&mut self) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let message = self
                .next()
                .await
                .expect("the terminal message before the end");
            let last = is_terminal(&message);
            all.push(message);
            if last {
                return all;
            }
        }
    }
}

pub fn is_terminal(message: &Value) -> bool {
    message["type"] == "chat_complete"
        || (message["type"] == "error" && !message["operation_id"].is_null())
}

/// The numbers of the stored events among them.
pub fn seqs(messages: &[Value]) -> Vec<u64> {
    messages
        .iter()
        .filter_map(|message| message["seq"].as_u64())
        .collect()
}
