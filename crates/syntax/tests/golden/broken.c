int whole(int x) { return other(x); }

int half(int {

int after(void) { return done(); }
