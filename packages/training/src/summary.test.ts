import { expect, it } from 'vitest';
import { heldOutTable } from './summary.ts';

it('heldOutTable shows both rows, marks the better figure in each column and says who confused what', () => {
  const metrics = {
    accuracy: 0.98039,
    mcc: 0.943,
    f1: 0.9545,
    auc: 0.9999,
    confusion: [
      [395, 2],
      [8, 105],
    ],
  };
  const baseline = {
    accuracy: 0.98431,
    mcc: 0.954,
    f1: 0.9643,
    auc: 0.9987,
    confusion: [
      [394, 3],
      [5, 108],
    ],
  };
  const rows = [
    { name: 'spam', metrics },
    { name: 'words', metrics: baseline },
  ];
  expect(heldOutTable(rows, ['ham', 'spam'], 510)).toMatchInlineSnapshot(`
    [
      "  held out: 510 texts (* is the better one)",
      "         accuracy        MCC         F1        AUC ",
      "  spam    98.04 %      0.943      0.955      1.000*",
      "  words   98.43 %*     0.954*     0.964*     0.999 ",
      "      said →       ham      spam",
      "         ham       395         2",
      "        spam         8       105",
    ]
  `);
});
