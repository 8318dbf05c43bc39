/* A shop. */
#include <stdio.h>
#include "cart.h"

#define LIMIT 3
#define TWICE(x) ((x) + (x))

typedef unsigned int id_t;
typedef struct {
    char *name; /* what it is called */
    int price, weight;
} item;

struct cart {
    struct item *items;
    int (*total)(struct cart *self);
};

enum state { OPEN, PAID = 3 };
union number { int i; float f; };

extern int outside(const char *name);
static const int most = 3;
int count, *other;

// Finds the first one.
static item *find(struct cart *cart, const char *name)
{
    int i;
    item *found = first_of(cart);
    for (i = 0; i < cart->size; i++) {
        if (cart->items[i].price > LIMIT && name != NULL) {
            return &cart->items[i];
        } else if (TWICE(i) == 4) {
            continue;
        } else {
            printf("number %d was not found\n", i);
        }
    }
    switch (found->state) {
    case OPEN:
        goto end;
    case PAID:
        found->close(found);
        break;
    default:
        break;
    }
end:
    return cart->total(cart) ? found : NULL;
}

int main(int argc, char **argv) { return find(0, argv[0]) == NULL; }

// The name in brackets, behind a word that only a compiler knows.
SHOP_API int (first_price)(item *one, int at);
