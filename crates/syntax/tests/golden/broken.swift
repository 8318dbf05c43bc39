class Cart {
    func add(item: Item) { items.append(item) }
    func half( {
    func after() -> Int { return done() }
}
