# A shop.
require 'json'
require_relative 'cart'

module Shop
  LIMIT = 3

  # Sells things.
  class Store < Base::Store
    include Comparable
    extend Forwardable
    attr_reader :name, :items

    def initialize(name, size: 1, *rest, &block)
      @name = name
      @cart = Cart.new(size)
    end

    # Opens one.
    def self.open(path)
      new(path).tap { |store| store.load(path) }
    end

    def find(name)
      cart = Cart.open(LIMIT)
      items.each do |item|
        if item.heavy? && item.price > 3
          return item
        elsif item.nil?
          next
        else
          warn "nothing named #{name} was found"
        end
      end
      return nil unless cart
      case cart.state
      when :open then close(cart)
      when :paid
        cart.items.map(&:name).first
      else
        raise NotFound, name
      end
    rescue IOError => error
      name ? log(error) : nil
    end

    private

    def secret; end
  end

  class Store::Inner; end
end

def helper(x) = x + 1

RSpec.describe Shop::Store do
  context "when open" do
    it "finds one" do
      expect(Shop::Store.open("x").find("tea")).to be_nil
    end
  end
end
