#include <vector>
#include "shop.hpp"
using namespace std;
using money::round;

namespace shop::parts {

/// A thing to buy.
template <typename T>
class Item : public Base<T>, private detail::Closer {
public:
    Item(const std::string& name, T price) : name_(name), price_(price) {}
    virtual ~Item() = default;
    T price() const { return price_; }
    static Item* open(int size);
    bool operator==(const Item& other) const;
    int weight = 0;
protected:
    void close();
private:
    std::string name_;
    T price_;
};

struct Point { int x, y; void move(int by); };
enum class State { Open, Paid };
using Prices = std::vector<int>;
constexpr int kLimit = 3;

// Moves it.
void Point::move(int by) {
    auto cart = std::make_unique<Cart>(kLimit);
    Item<int> item("tea", 3);
    Cart* other = new Cart(by);
    for (const auto& one : cart->items()) {
        if (one.is_heavy() and by > 0) {
            other->add(one);
        } else {
            detail::log::write("a heavy thing", one);
        }
    }
    auto twice = [&](int x) { return x ? x * 2 : 0; };
    try { twice(by); } catch (const std::exception& error) { throw Failure(error.what()); }
}

template <typename T>
T first(const std::vector<T>& all) { return all.front(); }

}  // namespace shop::parts

TEST(PointTest, Moves) {
    Point point;
    point.move(1);
    EXPECT_EQ(first<int>({1}), 1);
}
