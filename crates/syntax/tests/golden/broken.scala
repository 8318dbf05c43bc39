class Cart {
  def add(item: Item) = { items.append(item) }
  def half( = {
  def after() = done()
}
