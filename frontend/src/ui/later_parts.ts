/** What is loaded after the first pictures, in one file: small parts share what compression learns. */

export { unfoldStages } from "../view/board/stages";
export { exportPage } from "../view/exports/page_picture";
export { togglePlay } from "../view/screen/playing";
export { SweepBoard } from "./board/board";
export { DepthView } from "./depth/depth_view";
export { Empty } from "./empty";
export { IncidentPane } from "./incident/pane";
export { copyCell } from "./input/copy";
export { Dialogs } from "./overlays/dialogs";
export { FindingsList } from "./overlays/findings_list";
export { ReadingHint } from "./overlays/how_to_read";
export { PartingBar, PartingLine } from "./overlays/parting_part";
export { CrosshairReadout } from "./overlays/tooltip";
export { Slice } from "./panel/slice";
export { Units } from "./panel/units";
export { TimelineLane } from "./timeline/lane";
export { TimelineTools } from "./timeline/tools";
export { RunList } from "./toolbar/run_list";
