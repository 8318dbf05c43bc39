'use strict';
const fs = require('fs');
const { join, resolve: absolute } = require('path');
const version = require('./package.json').version;

// All ids, one after the other.
function* ids(from) { yield from; }

class Cart extends events.EventEmitter {
  #x = 1;
  size = 0;
  run(a, { b, c: d }, ...rest) { return a + b + d + rest.length + this.size; }
  static of(...items) { return new Cart(items); }
}

Cart.prototype.add = function (item) {
  this.items.push(item);
  emit.call(this, 'added', item);
};

exports.open = function open(path) {
  const cart = new Cart();
  cart.run(1, {});
  return fs.readFileSync(join(path, 'cart.json'));
};

var state, handlers = { onClick: function () { close(); } };
outer: for (;;) { if (state) break outer; }

module.exports = { ids, Cart, shut: close };

function close() {}
