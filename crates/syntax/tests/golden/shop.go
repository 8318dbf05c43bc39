// Package shop sells things.
package shop

import (
	"fmt"
	str "strings"
	. "example.com/dsl"
	_ "example.com/driver"
)

// Limit is how much fits.
const Limit = 3

const (
	A, B = iota, 1
	c    = "a constant"
)

var state, other = 1, 2
var cart *Cart = NewCart()

// Cart holds items.
type Cart struct {
	Base
	*pkg.Closer
	Items, rest []Item // what is in it
	owner       *User
}

type Shape interface {
	fmt.Stringer
	Area(scale float64) float64
}

type ID = string
type (
	Name string
)

// Add puts one into the cart.
func (c *Cart) Add(item Item, more ...Item) (int, error) {
	found, err := c.owner.Find(item.Name)
	if err != nil && found == nil {
		return 0, fmt.Errorf("nothing was found: %w", err)
	} else if found.Ready() {
		go func() { notify(found) }()
	} else {
		c.Items = append(c.Items, item)
	}
	for i, one := range more {
		switch one.Kind {
		case "tea":
			defer one.Close()
		case "cup", "pot":
			continue
		default:
			goto end
		}
		_ = i
	}
end:
	return len(c.Items), nil
}

func NewCart[T any](users ...T) *Cart {
	cart := &Cart{Items: make([]Item, Limit)}
	cart.Add(Item{Name: str.ToUpper("x")})
	var shape Shape = cart
	shape.Area(1)
	return cart
}

func TestAdd(t *testing.T) {
	t.Run("adds one", func(t *testing.T) {
		NewCart[int]().Add(Item{})
	})
}
