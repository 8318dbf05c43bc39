// A map that is copied when it is first written to: who made it from another sees that one unchanged.

export class SharedMap<K, V> {
  private map: ReadonlyMap<K, V>;
  private own: Map<K, V> | undefined;

  constructor(map: ReadonlyMap<K, V>) {
    this.map = map;
  }

  get(key: K): V | undefined {
    return this.map.get(key);
  }

  has(key: K): boolean {
    return this.map.has(key);
  }

  /** As it is now; later changes are not in it where it was not written to before. */
  now(): ReadonlyMap<K, V> {
    return this.map;
  }

  set(key: K, value: V): void {
    this.mine().set(key, value);
  }

  delete(key: K): void {
    if (this.map.has(key)) this.mine().delete(key);
  }

  private mine(): Map<K, V> {
    if (!this.own) {
      this.own = new Map(this.map);
      this.map = this.own;
    }
    return this.own;
  }
}
