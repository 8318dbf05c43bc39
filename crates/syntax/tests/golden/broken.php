<?php
class Cart {
    public function add($item) { $this->push($item); }
    public function half( {
    public function after() { return done(); }
}
