import type { Series } from "./types";

export function seriesId(series: Pick<Series, "tag" | "source">): string {
  return series.source === "blocks" ? series.tag : `${series.source}:${series.tag}`;
}
