class Cart
  def add(item)
    @items.push(item)
  end

  def half(
  def after
    done
  end
end
