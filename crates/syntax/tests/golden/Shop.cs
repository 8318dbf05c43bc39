using System;
using System.Collections.Generic;
using Money = Example.Money;

namespace Example.Shop;

/// <summary>Sells things.</summary>
[Service("shop")]
public class Shop<T> : Base<T>, ICloser
{
    public const int Limit = 3;
    private readonly UserService _users, _others;
    public string Name { get; set; } = "shop";
    public int Count => _items.Count;

    public Shop(UserService users) : base(users) { _users = users; }

    /// <summary>Finds one.</summary>
    public async Task<Item> FindAsync(string name, int more = 0)
    {
        Cart cart = Cart.Open(Limit);
        var shop = new Shop<string>(null);
        foreach (var item in _items)
        {
            if (item.IsHeavy() && more > 0 || name == null)
            {
                return item;
            }
            else if (item.Price > 3)
            {
                continue;
            }
            else
            {
                Log.Warn($"nothing named {name} was found");
            }
        }
        int Local(int x) => x + 1;
        try { await cart.CloseAsync(Local(1)); }
        catch (NotFound error) when (error.Code > 1)
        {
            switch (error.Code)
            {
                case 1: throw new Failure(error);
                default: break;
            }
        }
        return _users?.Find(x => x.Name == name) ?? name switch { "tea" => Tea(), _ => null };
    }
}

internal interface ICloser { void Close(); }
public enum State { Open, Paid = 3 }
public record Point(int X, int Y);
struct Pair { public int A; }

public class ShopTests
{
    [Fact]
    public void FindsOne() { Assert.Equal(1, new Shop<int>(null).Count); }
}
