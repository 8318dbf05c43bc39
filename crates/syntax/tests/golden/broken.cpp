class Cart {
public:
    void add(Item item) { items.push_back(item); }
    void half( {
    int after() { return done(); }
};
