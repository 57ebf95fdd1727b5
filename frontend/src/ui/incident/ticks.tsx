/** The labels of an axis of the pane: the first begins at its left end, the last ends at its right. */

interface Props {
  readonly ticks: readonly { readonly share: number; readonly label: string }[];
}

export function Ticks({ ticks }: Props) {
  return (
    <>
      {ticks.map(({ share, label }) => (
        <span key={label} style={{ left: `${share * 100}%`, transform: `translateX(-${share * 100}%)` }}>
          {label}
        </span>
      ))}
    </>
  );
}
