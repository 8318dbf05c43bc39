import a

def whole(x):
    return other(x)

class Cart:
    def add(self, item):
        self.items.append(item

    def after(self):
        done()

def last(:
    end()
