class Cart {
    public void Add(Item item) { items.Add(item); }
    public void Half( {
    public int After() { return Done(); }
}
