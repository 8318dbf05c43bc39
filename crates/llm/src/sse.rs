//! Server-sent events from bytes: a pure state machine that gives the same events however the
//! bytes are cut into chunks, be it inside a line end or inside a character.

/// A line longer than this (16 MiB) is no answer of a model; its event is left out.
const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// One event. Servers that send no `event:` lines leave `name` empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    pub name: String,
    pub data: String,
}

/// Bytes in, events out. Accepts LF, CR and CRLF, a leading byte order mark, comments, several
/// `data:` lines an event. Bytes that are not UTF-8 become U+FFFD.
#[derive(Debug, Default)]
pub struct Decoder {
    line: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    oversized: bool,
    after_cr: bool,
    past_first_line: bool,
}

impl Decoder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and returns the events that are whole now.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        let mut rest = bytes;
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            if rest[0] == b'\n' {
                rest = &rest[1..];
            }
        }
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n' || byte == b'\r') {
            self.extend_line(&rest[..end]);
            self.end_line(&mut events);
            let cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if cr {
                match rest.first() {
                    Some(b'\n') => rest = &rest[1..],
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
        }
        self.extend_line(rest);
        events
    }

    /// The stream has ended. Some servers leave out the last empty line; what stands is an event.
    pub fn finish(&mut self) -> Option<Event> {
        let mut events = Vec::new();
        if !self.line.is_empty() {
            self.end_line(&mut events);
        }
        self.dispatch(&mut events);
        events.pop()
    }

    fn extend_line(&mut self, bytes: &[u8]) {
        if self.line.len() + self.data.len() + bytes.len() > MAX_EVENT_BYTES {
            self.oversized = true;
            self.line.clear();
            self.data.clear();
        }
        if !self.oversized {
            self.line.extend_from_slice(bytes);
        } else if !bytes.is_empty() && self.line.is_empty() {
            // Remembers that this line is not the empty one that ends the event.
            self.line.push(b':');
        }
    }

    fn end_line(&mut self, events: &mut Vec<Event>) {
        let line = std::mem::take(&mut self.line);
        let mut text = line.as_slice();
        if !self.past_first_line {
            self.past_first_line = true;
            text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        }
        if text.is_empty() {
            self.dispatch(events);
        } else if text[0] != b':' {
            self.field(text);
        }
        // Keeps the allocation for the next line.
        self.line = line;
        self.line.clear();
    }

    fn field(&mut self, line: &[u8]) {
        let (field, value) = match line.iter().position(|&byte| byte == b':') {
            Some(colon) => {
                let value = &line[colon + 1..];
                (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
            b"event" => self.name = value.to_vec(),
            _ => {}
        }
    }

    fn dispatch(&mut self, events: &mut Vec<Event>) {
        let name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        let has_data = std::mem::take(&mut self.has_data);
        let oversized = std::mem::take(&mut self.oversized);
        if has_data && !oversized {
            events.push(Event {
                name: String::from_utf8_lossy(&name).into_owned(),
                data: String::from_utf8_lossy(&data).into_owned(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(chunks: &[&[u8]]) -> Vec<Event> {
        let mut decoder = Decoder::new();
        let mut events: Vec<_> = chunks
            .iter()
            .flat_map(|chunk| decoder.push(chunk))
            .collect();
        events.extend(decoder.finish());
        events
    }

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.into(),
            data: data.into(),
        }
    }

    #[test]
    fn fields_comments_and_line_ends() {
        let text = "\u{feff}: hello\r\nevent: a\rdata:one\r\ndata: two\n\nid: 7\ndata\n\n\n\
                    event: no data\n\ndata:  näh \r\r: end";
        assert_eq!(
            decode(&[text.as_bytes()]),
            [event("a", "one\ntwo"), event("", ""), event("", " näh ")]
        );
    }

    #[test]
    fn a_last_event_without_its_empty_line_counts() {
        assert_eq!(decode(&[b"data: [DONE]"]), [event("", "[DONE]")]);
        assert_eq!(decode(&[b"data: x\n\n"]), [event("", "x")]);
    }

    #[test]
    fn an_endless_line_is_left_out_and_the_next_event_stands() {
        let mut decoder = Decoder::new();
        let mut events = decoder.push(b"data: ");
        for _ in 0..20 {
            events.extend(decoder.push(&vec![b'x'; 1 << 20]));
        }
        assert!(decoder.line.len() <= MAX_EVENT_BYTES);
        events.extend(decoder.push(b"\ndata: tail of the same\n\ndata: next\n\n"));
        assert_eq!(events, [event("", "next")]);
    }

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            Just(b"\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"data: ".to_vec()),
            Just(b"event: ".to_vec()),
            Just(b":".to_vec()),
            Just("\u{feff}".as_bytes().to_vec()),
            "[a-zä€😀 ]{0,6}".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..4),
        ]
    }

    proptest! {
        #[test]
        fn any_chunking_decodes_alike(
            pieces in prop::collection::vec(piece(), 0..40),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let bytes = pieces.concat();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            let whole = decode(&[&bytes]);
            prop_assert_eq!(&decode(&chunks), &whole);
            prop_assert_eq!(&decode(&single), &whole);
        }
    }
}
