import assert from "node:assert/strict";
import { test } from "node:test";

import { csv } from "../src/parts/csv.ts";

test("what a spreadsheet could misread is quoted, and nothing is a formula", () => {
  assert.equal(csv([["name", "open"], ["sales", 1_277_155.5], ["a,b", null], ["say \"hi\"", undefined], ["two\nlines", 0]]),
    'name,open\r\nsales,1277155.5\r\n"a,b",\r\n"say ""hi""",\r\n"two\nlines",0\r\n');
  for (const name of ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"]) {
    assert.ok(csv([[name]]).includes(`'${name}`), name);
  }
  assert.equal(csv([[-5]]), "-5\r\n", "a number is one");
});
