class Cart {
    void add(Item item) { items.add(item); }
    void half( {
    int after() { return done(); }
}
