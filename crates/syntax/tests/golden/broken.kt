class Cart {
    fun add(item: Item) { items.add(item) }
    fun half( {
    fun after() = done()
}
