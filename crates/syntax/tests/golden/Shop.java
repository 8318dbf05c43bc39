package com.example.shop;

import java.util.List;
import java.util.*;
import static com.example.Money.round;

/**
 * Sells things.
 */
@Service
public class Shop extends Base<Item> implements Closer, pkg.Opener {
    public static final int LIMIT = 3;
    private final UserService users, others = null;
    List<Item> items = new ArrayList<>();

    @Autowired
    public Shop(UserService users) {
        super(users);
        this.users = users;
    }

    /** Finds one. */
    @Override
    protected Item find(String name, int... more) throws NotFound {
        Cart cart = Cart.open(LIMIT);
        for (Item item : items) {
            if (item.isHeavy() && more.length > 0 || name == null) {
                return item;
            } else if (item.price() > 3) {
                continue;
            } else {
                log.warn("nothing was found", item);
            }
        }
        try (Reader in = Files.open(name)) {
            var total = cart.total();
            return items.stream().map(x -> x.copy()).filter(Item::isReady).findFirst().orElse(null);
        } catch (IOException | RuntimeException error) {
            switch (error.code()) {
                case 1: return fail(error);
                case 2: break;
                default: throw new NotFound(name);
            }
        }
        return total > 0 ? round(total) : null;
    }

    private static <T> T first(List<T> all) { return all.get(0); }

    interface Visitor { void visit(Item item); }
    enum State { OPEN, PAID(3) { @Override int cost() { return 1; } }; int cost() { return 0; } }
    record Point(int x, int y) {}
    @interface Marked { String value() default "nothing"; }
}

class ShopTest {
    @Test
    void findsOne() {
        assertEquals(new Shop(null).find("tea"), null);
    }
}
