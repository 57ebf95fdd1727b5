/** The name of a run, cut at its start: what its words have in common with others comes first as a rule. */

export function CutName({ name }: { readonly name: string }) {
  return (
    <span class="cut-name ellipsis">
      {/* Written from left to right, though the line overflows on the left. */}
      <bdi>{name}</bdi>
    </span>
  );
}
