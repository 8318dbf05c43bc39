package com.example.shop

import com.example.money.Price as Cost
import com.example.parts.*
import kotlin.math.max

const val LIMIT = 3
val shops = listOf("tea")

/** Sells things. */
@Service
class Shop<T>(private val users: UserService, name: String) : Base<T>(name), Closer {
    var count: Int = 0
    private val cart = Cart(LIMIT)

    constructor(name: String) : this(UserService(), name)

    /** Finds one. */
    override suspend fun find(name: String, more: List<Item>): Item? {
        val cart: Cart = Cart.open(LIMIT)
        for (item in more) {
            if (item.isHeavy() && count > 0) {
                return item
            } else if (item.price > 3) {
                continue
            } else {
                log.warn("nothing named $name was found")
            }
        }
        try {
            users.all().map { it.copy() }.filter { x -> x.ready }
        } catch (error: NotFound) {
            throw Failure(error)
        }
        return when (cart.state) {
            State.OPEN -> first(more)
            is Paid -> null
            else -> cart?.items?.firstOrNull() ?: max(1, 2)
        }
    }

    companion object {
        fun open(): Shop<String> = Shop("x")
    }
}

interface Closer { fun close() }
enum class State { OPEN, PAID }
data class Point(val x: Int, val y: Int)
object Registry { fun register() = Unit }
typealias Prices = Map<String, Int>

fun Cart.total(): Int = items.size
private fun <T> first(all: List<T>): T = all[0]

class ShopTest {
    @Test
    fun `finds one`() {
        assertEquals(null, Shop<String>("x").find("tea", emptyList()))
    }
}
