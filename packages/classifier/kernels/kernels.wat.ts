import { elementwise } from './elementwise.ts';
import { products } from './products.ts';
import { rows } from './rows.ts';

/**
 * What a quick start computes in WebAssembly: float32 matrices by rows, products of 8-bit weights, and what stands
 * between them in a transformer. All sizes count elements, all addresses and steps bytes. Kernels work in vectors of
 * four and may write up to 12 bytes past the end of a row, never before its start: rows are done in order, so the next
 * one corrects that, and memory is handed out with room for the last. Bare `$name` is short for (local.get $name).
 */
const text = `(module
  (memory (import "quick" "memory") 1 65536)
  ${elementwise} ${products} ${rows}
)`;

const named = /(?<!\b(?:get|set|tee|param|local|func|loop|block|br|br_if|call) )\$\w+/g;

/** The module in WebAssembly's text format. */
export const kernelsWat: string = text.replace(named, '(local.get $&)');
