export function whole(a: number) { return half(a); }

export class Cart {
  add(item: Item) { this.items.push(item); }
  broken( {
  after() { done(); }
}

const x = ;
function last() { end(
