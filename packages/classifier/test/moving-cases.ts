import { axisIn, type Draws, lesser, shape } from './single-op.ts';

/** Operators that only move values: graphs around each, by what they try. */
export const moving: Record<string, Draws> = {
  Identity: (s) => ({ result: s.op('Identity', [s.floats(shape(s))]) }),
  Dropout: (s) => ({ result: s.op('Dropout', [s.floats(shape(s))]) }),
  Shape: (s) => {
    const dims = shape(s, 2);
    const attributes = s.draw.pick({}, { start: 1 }, { start: -1 }, { start: 0, end: -1 });
    return { result: s.op('Shape', [s.floats(dims)], attributes), isInteger: true };
  },
  Reshape: (s) => {
    const [a, b, c] = [s.draw.int(1, 4), s.draw.int(1, 4), s.draw.int(1, 4)];
    const wanted = s.draw.pick([0, -1], [-1], [0, 0, c], [c, -1, 1], [b, a, c]);
    return { result: s.op('Reshape', [s.floats([a, b, c]), s.list(wanted)]) };
  },
  Unsqueeze: (s) => ({
    result: s.op('Unsqueeze', [s.floats([2, 3]), s.list(s.draw.pick([0], [-1], [1, 3]))]),
  }),
  Squeeze: (s) => ({
    result: s.op('Squeeze', [
      s.floats([1, 3, 1, 2]),
      ...s.draw.pick<string[]>([], [s.list([0])], [s.list([-2, 0])]),
    ]),
  }),
  Flatten: (s) => ({ result: s.op('Flatten', [s.floats([2, 3, 4])], { axis: s.draw.int(-2, 3) }) }),
  Transpose: (s) => {
    const dims = shape(s);
    const axes = dims.map((_, axis) => axis);
    const perm = axes.toSorted(() => s.draw.int(-1, 1));
    return { result: s.op('Transpose', [s.floats(dims)], s.draw.pick({ perm }, {})) };
  },
  Slice: (s) => {
    const dims = shape(s);
    const bound = () => s.draw.pick(-9, -2, -1, 0, 1, 2, 3, 99);
    const bounds = [[bound()], [bound()], [axisIn(s, dims)], [s.draw.pick(1, 1, 2, -1, -2)]];
    const [start, end, axis, step] = bounds as [number[], number[], number[], number[]];
    // What comes out empty is of no use to a model.
    const size = dims.at(axis[0]!)!;
    const from = start[0]! < 0 ? start[0]! + size : start[0]!;
    if (step[0]! > 0 ? from >= size || from < 0 : true) [start[0], end[0], step[0]] = [0, 99, 1];
    else end[0] = 99;
    return {
      result: s.op('Slice', [s.draw.pick(s.floats, s.weights)(dims), ...bounds.map((b) => s.list(b))]),
    };
  },
  'Slice backwards': (s) => ({
    result: s.op('Slice', [
      s.floats([3, 5]),
      ...[[-1], [-9], [1], [-s.draw.int(1, 2)]].map((b) => s.list(b)),
    ]),
  }),
  Gather: (s) => {
    const dims = shape(s);
    const axis = axisIn(s, dims);
    const indices = s.op('Mod', [s.integers(shape(s, 0, 2), 50), s.list([dims.at(axis)!])]);
    return { result: s.op('Gather', [s.draw.pick(s.floats, s.weights)(dims), indices], { axis }) };
  },
  'Gather, whole numbers': (s) => {
    const known = s.list([5, 6, 7, 8, 9, 10], [2, 3]);
    return {
      result: s.op('Gather', [known, s.list(s.draw.pick([0], [-1, 1]))], { axis: s.draw.int(0, 1) }),
      isInteger: true,
    };
  },
  GatherElements: (s) => ({
    result: s.op('GatherElements', [s.integers([3, 4], 99), s.list([0, 3, -1, 2], [2, 2])], { axis: 1 }),
    isInteger: true,
  }),
  GatherND: (s) => ({
    result: s.op('GatherND', [
      s.integers([3, 4, 2], 99),
      s.draw.pick(s.list([0, 3, 2, 1], [2, 2]), s.list([0, 2], [2, 1])),
    ]),
    isInteger: true,
  }),
  Concat: (s) => {
    const dims = shape(s);
    const axis = axisIn(s, dims);
    const like = () =>
      dims.map((dim, at) => (at === (axis + dims.length) % dims.length ? s.draw.int(1, 4) : dim));
    return { result: s.op('Concat', [s.floats(like()), s.weights(like()), s.floats(like())], { axis }) };
  },
  'Concat, whole numbers': (s) => ({
    result: s.op('Concat', [s.integers([2, 3]), s.integers([2, 1])], { axis: 1 }),
    isInteger: true,
  }),
  Expand: (s) => {
    const dims = shape(s);
    return { result: s.op('Expand', [s.floats(lesser(s, dims)), s.list(dims)]) };
  },
  Pad: (s) => ({
    result: s.op('Pad', [
      s.integers([3, 4]),
      s.list(s.draw.pick([0, 0, 0, 3], [0, 1, 0, -1], [1, 0, 0, 2])),
      s.list([s.draw.int(0, 9)], []),
    ]),
    isInteger: true,
  }),
  ConstantOfShape: (s) => ({ result: s.op('ConstantOfShape', [s.op('Shape', [s.floats(shape(s))])]) }),
  Range: (s) => {
    const bounds = s.draw.pick([0, 7, 2], [5, -3, -1], [2, 3, 1]);
    return {
      result: s.op(
        'Range',
        bounds.map((bound) => s.list([bound], [])),
      ),
      isInteger: true,
    };
  },
  'Reshape, to none': (s) => {
    const nothing = s.op('Slice', [s.floats([2, 3]), s.list([0]), s.list([0]), s.list([0])]);
    return { result: s.op('Reshape', [nothing, s.list([4, 0])], { allowzero: 1 }) };
  },
  'Slice, several axes': (s) => {
    const part = () => s.draw.pick([0, 99, 1], [-1, -99, -1], [1, 3, 1], [1, 99, 2], [3, 0, -2], [2, 2, 1]);
    const [a, b] = [part(), part()] as [number[], number[]];
    const bounds = [0, 1, 2].map((at) => [a[at]!, b[at]!]) as [number[], number[], number[]];
    const [starts, ends, steps] = bounds.map((bound) => s.list(bound)) as [string, string, string];
    return { result: s.op('Slice', [s.floats([4, 2, 5]), starts, ends, s.list([2, 0]), steps]) };
  },
  'ConstantOfShape, read twice and not at all': (s) => {
    const zeros = s.op('ConstantOfShape', [s.list([2, 3])]);
    s.op('Add', [zeros, zeros]);
    return { result: s.op('Add', [zeros, zeros]) };
  },
};
