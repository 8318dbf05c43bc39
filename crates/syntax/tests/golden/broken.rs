use a::b;

pub fn whole(x: u8) -> u8 {
    other(x)
}

struct Broken { a: u8,, b }}}

impl Thing {
    fn works(&self) { self.go(); }
    fn half(&self, {
}

fn after() { last(); }

fn never_ends() {
    if true {
