//! Writes a graph in ONNX's form (protocol buffers); as much of it as the model needs.

const INT32: u64 = 6;
const FLOAT: u64 = 1;
const INT8: u64 = 3;
const INT64: u64 = 7;

/// A graph under way. Names of values are the edges.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<Vec<u8>>,
    constants: Vec<Vec<u8>>,
    inputs: Vec<Vec<u8>>,
    outputs: Vec<Vec<u8>>,
    named: usize,
}

pub(super) enum Attribute<'a> {
    Int(&'a str, i64),
    Ints(&'a str, &'a [i64]),
    Float(&'a str, f32),
}

impl Graph {
    /// A node with one output, whose name is given back.
    pub fn node(&mut self, kind: &str, inputs: &[&str], attributes: &[Attribute]) -> String {
        self.nodes(kind, inputs, 1, attributes).remove(0)
    }

    /// A node with several outputs.
    pub fn nodes(
        &mut self,
        kind: &str,
        inputs: &[&str],
        outputs: usize,
        attributes: &[Attribute],
    ) -> Vec<String> {
        self.named += 1;
        let name = format!("{kind}_{}", self.named);
        let outputs: Vec<String> = (0..outputs).map(|n| format!("{name}_{n}")).collect();
        let mut node = Message::default();
        inputs.iter().for_each(|input| node.text(1, input));
        outputs.iter().for_each(|output| node.text(2, output));
        node.text(3, &name);
        node.text(4, kind);
        attributes
            .iter()
            .for_each(|one| node.bytes(5, &attribute(one)));
        self.nodes.push(node.0);
        outputs
    }

    pub fn floats(&mut self, shape: &[usize], values: &[f32]) -> String {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.constant(FLOAT, shape, &bytes)
    }

    pub fn bytes(&mut self, shape: &[usize], values: &[i8]) -> String {
        let bytes: Vec<u8> = values.iter().map(|value| value.cast_unsigned()).collect();
        self.constant(INT8, shape, &bytes)
    }

    pub fn integers(&mut self, values: &[i64]) -> String {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.constant(INT64, &[values.len()], &bytes)
    }

    fn constant(&mut self, kind: u64, shape: &[usize], bytes: &[u8]) -> String {
        self.named += 1;
        let name = format!("constant_{}", self.named);
        let mut tensor = Message::default();
        shape.iter().for_each(|size| tensor.number(1, *size as u64));
        tensor.number(2, kind);
        tensor.text(8, &name);
        tensor.bytes(9, bytes);
        self.constants.push(tensor.0);
        name
    }

    /// Whole numbers; sizes by name vary.
    pub fn whole_input(&mut self, name: &str, shape: &[&str]) {
        self.inputs.push(value(name, INT32, shape));
    }

    /// `from` under another name, as what comes out.
    pub fn output(&mut self, from: &str, name: &str, shape: &[&str]) {
        let mut node = Message::default();
        node.text(1, from);
        node.text(2, name);
        node.text(3, name);
        node.text(4, "Identity");
        self.nodes.push(node.0);
        self.outputs.push(value(name, FLOAT, shape));
    }

    pub fn file(self) -> Vec<u8> {
        let mut graph = Message::default();
        self.nodes.iter().for_each(|node| graph.bytes(1, node));
        graph.text(2, "mira");
        self.constants.iter().for_each(|one| graph.bytes(5, one));
        self.inputs.iter().for_each(|one| graph.bytes(11, one));
        self.outputs.iter().for_each(|one| graph.bytes(12, one));
        let mut version = Message::default();
        version.text(1, "");
        version.number(2, 20);
        let mut model = Message::default();
        model.number(1, 9);
        model.text(2, "mira");
        model.bytes(7, &graph.0);
        model.bytes(8, &version.0);
        model.0
    }
}

fn attribute(attribute: &Attribute) -> Vec<u8> {
    let mut message = Message::default();
    match attribute {
        Attribute::Int(name, value) => {
            message.text(1, name);
            message.number(3, value.cast_unsigned());
            message.number(20, 2);
        }
        Attribute::Ints(name, values) => {
            message.text(1, name);
            values
                .iter()
                .for_each(|value| message.number(8, value.cast_unsigned()));
            message.number(20, 7);
        }
        Attribute::Float(name, value) => {
            message.text(1, name);
            message.fixed(2, *value);
            message.number(20, 1);
        }
    }
    message.0
}

fn value(name: &str, kind: u64, shape: &[&str]) -> Vec<u8> {
    let mut sizes = Message::default();
    for size in shape {
        let mut one = Message::default();
        match size.parse::<u64>() {
            Ok(fixed) => one.number(1, fixed),
            Err(_) => one.text(2, size),
        }
        sizes.bytes(1, &one.0);
    }
    let mut tensor = Message::default();
    tensor.number(1, kind);
    tensor.bytes(2, &sizes.0);
    let mut kind = Message::default();
    kind.bytes(1, &tensor.0);
    let mut value = Message::default();
    value.text(1, name);
    value.bytes(2, &kind.0);
    value.0
}

/// Fields of a protocol buffer, one after the other.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(&mut self, field: u64, value: u64) {
        self.varint(field << 3);
        self.varint(value);
    }

    fn bytes(&mut self, field: u64, value: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    fn text(&mut self, field: u64, value: &str) {
        self.bytes(field, value.as_bytes());
    }

    fn fixed(&mut self, field: u64, value: f32) {
        self.varint(field << 3 | 5);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
    }
}
