whole() { other; }
half() { if true; then
after() { done_it; }
