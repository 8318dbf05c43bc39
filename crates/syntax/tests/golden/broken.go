package cart

import "fmt"

func whole(a int) int { return half(a) }

type Cart struct {
	items []Item
}

func (c *Cart) Add(item Item) { c.items = append(c.items, item) }

func (c *Cart) broken( {

func after() { fmt.Println("done") }

type Missing struct {
	name string
