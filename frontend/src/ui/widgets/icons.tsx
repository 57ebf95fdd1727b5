/** Small line icons, drawn on a 16 x 16 grid in the colour of the text. */

const PATHS = {
  runs: "M2 4h2M2 8h2M2 12h2M6.5 4H14M6.5 8H14M6.5 12H14",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.3 10.3 14 14",
  command: "M2.5 4l3.5 4-3.5 4M8 12.5h5.5",
  tune: "M2 4.5h6M11 4.5h3M9.5 2.8v3.4M2 11.5h2M7 11.5h7M5.5 9.8v3.4",
  reset: "M3 8a5 5 0 1 1 1.6 3.7M3 13V9.5h3.5",
  back: "M7 3 2.5 7.5 7 12M2.5 7.5H10a3.5 3.5 0 0 1 0 7H7",
  compare: "M3 3.5h4v9H3ZM9 3.5h4v9H9ZM5 6v4M11 8v2",
  findings: "M8 2.2 14.5 13.5h-13ZM8 6.5v3.2M8 11.4v.6",
  notice: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM8 7v4.5M8 4.6v.8",
  help: "M5.8 6.2a2.2 2.2 0 1 1 3.3 1.9c-.8.5-1.1.9-1.1 1.7M8 12v.7M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Z",
  download: "M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11",
  copy: "M5.5 5.5h8v8h-8ZM2.5 10.5v-8h8",
  expand: "M6 10 2.5 13.5M2.5 10v3.5H6M10 6l3.5-3.5M10 2.5h3.5V6",
  shrink: "M6.5 13.2V9.5H2.8M9.5 2.8v3.7h3.7M6.5 9.5 2.5 13.5M9.5 6.5l4-4",
  pin: "M5.5 2.5h5M6.5 2.5v4L4.5 9h7l-2-2.5v-4M8 9v4.5",
  unfold: "M4 6.5 8 10.5 12 6.5",
  fold: "M6.5 4 10.5 8 6.5 12",
  close: "M4 4l8 8M12 4l-8 8",
  strips: "M2 3.5h12M2 6.5h12M2 9.5h12M2 12.5h12",
  panels: "M2.5 3h11v4h-11ZM2.5 9.5h11v4h-11Z",
  transpose:
    "M2.5 2.5h4v11h-4ZM9 9.5h4.5v4H9ZM9.5 2.8h2.2a1.6 1.6 0 0 1 1.6 1.6v2.8M11.6 5.6l1.7 1.8 1.6-1.8",
  more: "M2.4 7.3h1.4v1.4H2.4ZM7.3 7.3h1.4v1.4H7.3ZM12.2 7.3h1.4v1.4h-1.4Z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round" />
    </svg>
  );
}
