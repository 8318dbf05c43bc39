//! One `check` a language: source in, outline as text out.

mod golden;
mod hostile;
mod slips;

use std::fmt::Write;

use expect_test::{Expect, expect};
use mira_syntax::outline;

fn check(path: &str, text: &str, expected: Expect) {
    let mut shown = String::new();
    for element in outline(path, text) {
        let indent = "  ".repeat(element.depth);
        let (from, to) = (element.start_line, element.end_line);
        writeln!(
            shown,
            "{indent}{from}-{to} {:?} {} | {}",
            element.kind, element.name, element.signature
        )
        .expect("a string takes everything");
    }
    expected.assert_eq(&shown);
}

#[test]
fn rust() {
    let text = r#"//! Doc.
pub const LIMIT: usize = 3;
pub struct Point<T> { x: T, y: T }
enum Shape { A, B(u8) }
impl<T: Copy> Point<T> {
    /// Makes one.
    pub fn new(
        x: T,
        y: T,
    ) -> Self {
        fn inner() {}
        Self { x, y }
    }
}
impl Default for Shape { fn default() -> Self { Self::A } }
pub(crate) trait Area { fn area(&self) -> f64; }
mod tests {
    #[test]
    fn works() {}
}
macro_rules! twice { ($x:expr) => { $x; $x } }
type Pair = (u8, u8);
"#;
    check(
        "src/a.rs",
        text,
        expect![[r#"
            2-2 Constant LIMIT | pub const LIMIT: usize
            3-3 Struct Point | pub struct Point<T>
            4-4 Enum Shape | enum Shape
            5-14 Implementation Point | impl<T: Copy> Point<T>
              7-13 Method new | pub fn new( x: T, y: T, ) -> Self
            15-15 Implementation Shape | impl Default for Shape
              15-15 Method default | fn default() -> Self
            16-16 Trait Area | pub(crate) trait Area
              16-16 Method area | fn area(&self) -> f64
            17-20 Module tests | mod tests
              19-19 Function works | fn works()
            21-21 Macro twice | macro_rules! twice
            22-22 Type Pair | type Pair = (u8, u8)
        "#]],
    );
}

#[test]
fn typescript() {
    let text = r#"export const LIMIT = 3, other = { a: 1 };
export function first<T>(x: T[]): T | undefined { return x[0]; }
const later = async (x: number): Promise<void> => { const inner = 1; };
export default class Box<T> extends Base implements Shape {
  private items: T[] = [];
  handler = (event: Event) => { this.add(); };
  constructor(private size: number) { super(); }
  get count(): number { return 1; }
  static async make(): Promise<Box<string>> { return new Box(1); }
}
export interface Shape { area(): number; name: string }
export type Pair<A, B> = [A, B];
enum Color { Red, Green }
namespace Inner { export function deep() {} }
declare function outside(x: string): void;
"#;
    check(
        "a.ts",
        text,
        expect![[r#"
            1-1 Constant LIMIT | const LIMIT
            1-1 Constant other | const other
            2-2 Function first | function first<T>(x: T[]): T | undefined
            3-3 Function later | const later = async (x: number): Promise<void> =>
            4-10 Class Box | class Box<T> extends Base implements Shape
              6-6 Method handler | handler = (event: Event) =>
              7-7 Constructor constructor | constructor(private size: number)
              8-8 Method count | get count(): number
              9-9 Method make | static async make(): Promise<Box<string>>
            11-11 Interface Shape | interface Shape
              11-11 Method area | area(): number
            12-12 Type Pair | type Pair<A, B>
            13-13 Enum Color | enum Color
            14-14 Module Inner | namespace Inner
              14-14 Function deep | function deep()
            15-15 Function outside | function outside(x: string): void
        "#]],
    );
    let text = "export const App = ({ name }: Props) => <div>{name}</div>;\nfunction Row() { return <tr/>; }\n";
    check(
        "App.tsx",
        text,
        expect![[r#"
        1-1 Function App | const App = ({ name }: Props) =>
        2-2 Function Row | function Row()
    "#]],
    );
}

#[test]
fn javascript() {
    let text = "function* ids() { yield 1; }\nclass A { #x = 1; run() {} }\nlet state;\nmodule.exports = { ids };\n";
    check(
        "a.mjs",
        text,
        expect![[r#"
        1-1 Function ids | function* ids()
        2-2 Class A | class A
          2-2 Method run | run()
        3-3 Variable state | let state
    "#]],
    );
}

#[test]
fn python() {
    let text = r#"import os
LIMIT = 3
value = 4

@decorator
def first(a: int,
          b=2) -> str:
    def inner(): pass
    return ""

class Box(Base, metaclass=Meta):
    """Doc."""
    KIND = "x"

    @property
    async def size(self) -> int:
        return 1

    class Inner: pass

if __name__ == "__main__":
    def main(): pass
"#;
    check(
        "a.py",
        text,
        expect![[r#"
            2-2 Constant LIMIT | LIMIT
            3-3 Variable value | value
            6-9 Function first | def first(a: int, b=2) -> str
            11-19 Class Box | class Box(Base, metaclass=Meta)
              16-17 Method size | async def size(self) -> int
              19-19 Class Inner | class Inner
            22-22 Function main | def main()
        "#]],
    );
}

#[test]
fn go() {
    let text = r#"package main

const Limit = 3
const (
	A = iota
	B
)
var state, other = 1, 2
type Point struct { X, Y int }
type Shape interface { Area() float64 }
type ID = string
type (
	Name string
)
func (p *Point) Area() float64 { return 0 }
func Map[T any](xs []T, f func(T) T) []T {
	return nil
}
"#;
    check(
        "main.go",
        text,
        expect![[r#"
            3-3 Constant Limit | const Limit
            5-5 Constant A | const A
            6-6 Constant B | const B
            8-8 Variable state | var state, other
            8-8 Variable other | var state, other
            9-9 Struct Point | type Point struct
            10-10 Interface Shape | type Shape interface
              10-10 Method Area | Area() float64
            11-11 Type ID | type ID = string
            13-13 Type Name | type Name string
            15-15 Method Area | func (p *Point) Area() float64
            16-18 Function Map | func Map[T any](xs []T, f func(T) T) []T
        "#]],
    );
}

#[test]
fn markdown() {
    let text = "# Title\n\nText\n\n## One ##\n```\n# not this\n```\n### Deep\n## Two\nx\n\nSecond\n======\nend\n";
    check(
        "README.md",
        text,
        expect![[r#"
        1-12 Heading Title | # Title
          5-9 Heading One | ## One
            9-9 Heading Deep | ### Deep
          10-12 Heading Two | ## Two
        13-15 Heading Second | # Second
    "#]],
    );
}

#[test]
fn broken_code_gives_what_can_be_had() {
    let text = "pub fn good() {}\nstruct {{{ oops\nimpl Foo { fn one(&self) { let x = ; } fn two( }\nfn last() -> u8 { 1 }\n";
    let names = |text: &str| {
        outline("a.rs", text)
            .into_iter()
            .map(|e| e.name)
            .collect::<Vec<_>>()
    };
    assert!(
        names(text).contains(&"good".to_owned()),
        "{:?}",
        names(text)
    );
    assert!(names("fn cut_off(a: u8) {\n  if a {").contains(&"cut_off".to_owned()));
}

#[test]
fn other_languages_give_nothing() {
    for path in ["a.txt", "Makefile", "a", "", "a.rs/", ".rs.swp"] {
        assert_eq!(outline(path, "fn main() {}"), [], "{path}");
    }
}

/// Every line range lies in the file, and an element's members lie inside it.
#[test]
fn ranges_nest() {
    let text = include_str!("../../src/facts.rs");
    let elements = outline("facts.rs", text);
    assert!(elements.len() > 20);
    let mut around: Vec<(usize, usize)> = Vec::new();
    for element in &elements {
        around.truncate(element.depth);
        assert!(element.start_line <= element.end_line);
        assert!(element.end_line <= text.lines().count());
        if let Some((from, to)) = around.last() {
            assert!(
                *from <= element.start_line && element.end_line <= *to,
                "{element:?}"
            );
        }
        around.push((element.start_line, element.end_line));
    }
}
