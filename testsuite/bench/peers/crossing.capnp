# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
@0xd5c7a4f0b2e86913;

struct Cell {
  value @0 :Int64;
}

struct Cells {
  cells @0 :List(Cell);
}

interface Crossing {
  null @0 ();
  in @1 (bytes :Data);
  inout @2 (bytes :Data) -> (bytes :Data);
  list @3 (list :Cells) -> (first :Int64);
}
