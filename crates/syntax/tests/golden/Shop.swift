import Foundation
@testable import ShopKit

let limit = 3

/// Sells things.
public class Shop<T>: Base<T>, Closer {
    private let users: UserService
    var count: Int = 0
    lazy var cart = Cart(size: limit)

    init(users: UserService) {
        self.users = users
        super.init()
    }

    /// Finds one.
    public func find(_ name: String, more: [Item]) async throws -> Item? {
        let cart: Cart = Cart.open(limit)
        guard let first = more.first else { return nil }
        for item in more {
            if item.isHeavy() && count > 0 {
                return item
            } else if item.price > 3 {
                continue
            } else {
                log.warn("nothing named \(name) was found")
            }
        }
        do {
            try await users.all().map { $0.copy() }
        } catch {
            throw Failure(error)
        }
        switch cart.state {
        case .open: return close(first)
        case .paid: break
        default: return nil
        }
        return count > 0 ? cart.items.first : nil
    }
}

protocol Closer { func close() }
enum State: String { case open, paid }
struct Point { let x: Int; let y: Int }
extension Shop { func total() -> Int { return count } }
typealias Prices = [String: Int]

fileprivate func helper() -> Int { 1 }

class ShopTests: XCTestCase {
    func testFind() {
        XCTAssertNil(Shop<Int>(users: UserService()).total())
    }
}
