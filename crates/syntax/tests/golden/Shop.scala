package com.example.shop

import com.example.money.{Price, Cost => Fee}
import com.example.parts._
import scala.math.max

/** Sells things. */
@Service
class Shop[T](private val users: UserService, name: String) extends Base[T](name) with Closer {
  val limit: Int = 3
  private var count = 0

  /** Finds one. */
  override def find(name: String, more: List[Item]): Option[Item] = {
    val cart = Cart.open(limit)
    for (item <- more) {
      if (item.isHeavy && count > 0) {
        return Some(item)
      } else if (item.price() > 3) {
        log.debug("skipped it")
      } else {
        log.warn(s"nothing named $name was found")
      }
    }
    try {
      users.all().map(x => x.copy()).filter(_.ready)
    } catch {
      case error: NotFound => throw new Failure(error)
    }
    cart.state match {
      case Open => first(more)
      case Paid(at) if at > 1 => cart.items.headOption
      case _ => None
    }
  }
}

object Shop {
  def open(): Shop[String] = new Shop[String](new UserService, "x")
}

trait Closer { def close(): Unit }
case class Point(x: Int, y: Int)
enum State { case Open, Paid }
type Prices = Map[String, Int]

class ShopSuite extends AnyFunSuite {
  test("finds one") {
    assert(Shop.open().find("tea", Nil).isEmpty)
  }
}
