<?php
namespace App\Shop;

use App\Money\Price as Cost;
use App\Parts\{Cart, Item};
require_once __DIR__ . '/helpers.php';

const LIMIT = 3;

/**
 * Sells things.
 */
#[Service]
final class Shop extends Base implements Closer
{
    use Logging;
    public const MOST = 5;
    private ?UserService $users = null;
    protected static int $count = 0, $other = 1;

    public function __construct(private readonly Cart $cart, string $name) {
        $this->users = new UserService($name);
    }

    /** Finds one. */
    public function find(string $name, Item ...$more): ?Item
    {
        $cart = Cart::open(self::MOST);
        foreach ($this->items as $key => $item) {
            if ($item->isHeavy() && count($more) > 0) {
                return $item;
            } elseif ($item->price > 3) {
                continue;
            } else {
                log_it("nothing named $name was found");
            }
        }
        try {
            return $this->users?->all()->first(fn (Item $x) => $x->ready());
        } catch (NotFound | \RuntimeException $error) {
            throw new Failure($error->getMessage());
        }
        return match (true) { $cart->isOpen() => round_up(1), default => null };
    }

    private static function secret() { return $this->cart->total(); }
}

interface Closer { public function close(): void; }
trait Logging { protected function log($x) { return $x ?: null; } }
enum State: string { case Open = 'open'; case Paid = 'paid'; }

function helper(int $x): int { return $x + 1; }

class ShopTest extends TestCase
{
    public function testFind() { $this->assertNull((new Shop(null, ''))->find('tea')); }
}
