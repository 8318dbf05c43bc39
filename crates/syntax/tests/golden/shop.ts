/**
 * A shop and its carts.
 */
import fs, { readFile as read, type Stats } from "node:fs";
import * as path from "path";
import "./polyfill";
import type { User } from "../user";
export { Money, type Price as Cost } from "./money";
export * from "./parts";
import legacy = require("legacy");

export const LIMIT = 3, other = { a: 1 };
let state: Cart | undefined;

/** How it looks. */
export interface Shape<T> extends Base, Other<T> {
  area(): number;
  readonly name: string;
}

export type Pair<A, B> = [A, B];

export enum Color { Red, Green = "green" }

// Finds the first one.
export function first<T>(items: T[], fallback?: T): T | undefined {
  return items[0] ?? fallback;
}

const later = async (x: number): Promise<void> => {
  const inner = (y: number) => y * LIMIT;
  for (const one of [1, 2]) {
    if (one > x && x > 0) {
      await send(inner(one));
    } else if (one === 2) {
      continue;
    } else {
      console.log(`number ${one} is too small`);
    }
  }
};

@Component({ selector: "app-shop" })
export default class Shop<T> extends Base<T> implements Shape<T>, Closer {
  private items: T[] = [];
  static count = 0;
  #secret = new Vault();
  handler = (event: Event) => { this.add(event); };

  constructor(private readonly users: UserService, size: number) {
    super(size);
    this.cart = new Cart(size);
  }

  get total(): number { return this.items.length; }

  /** Opens one. */
  @Log()
  static async open(): Promise<Shop<string>> {
    const shop = new Shop<string>(users, 1);
    const found = await shop.find("tea");
    found.users.all().map(first);
    return shop;
  }

  protected find(name: string) {
    try {
      return name ? this.items.find((item) => item.name === name) : null;
    } catch (error) {
      switch (error.code) {
        case 1: return fail(error);
        case 2: break;
        default: throw error;
      }
    }
  }
}

namespace Inner { export function deep() {} }
declare function outside(x: string): void;

const api = {
  get() { return fetch("/api/items"); },
  post: async (body: unknown) => body,
};

function hidden() { return import("./lazy"); }
export { hidden as shown };

describe("a shop", () => {
  it("sells what it has", async () => {
    expect(first([1])).toBe(1);
  });
});
