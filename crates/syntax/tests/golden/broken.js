import { half } from "./half.js";

export function whole(a) { return half(a); }

class Cart {
  add(item) { this.items.push(item); }
  broken( {
}

const after = (cart) => cart.add(1);
const x = ;
function last() { end(
