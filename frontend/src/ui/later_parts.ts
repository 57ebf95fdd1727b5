/** What is loaded after the first pictures, in one file: small parts share what compression learns. */

import css from "../styles/later.css?inline";

export { unfoldStages } from "../view/board/stages";
export { laterTexts } from "../view/reactive/later_texts";
export { togglePlay } from "../view/screen/playing";
export { SweepBoard } from "./board/board";
export { DepthView } from "./depth/depth_view";
export { Empty } from "./empty";
export { copyReport, IncidentPane } from "./incident/pane";
export { copyCell } from "./input/copy";
export { Dialogs } from "./overlays/dialogs";
export { FindingsList } from "./overlays/findings_list";
export { ReadingHint } from "./overlays/how_to_read";
export { PartingBar, PartingLine } from "./overlays/parting_part";
export { CrosshairReadout } from "./overlays/tooltip";
export { PanelNotes } from "./panel/panel_notes";
export { ScaleName } from "./panel/scale_name";
export { Slice } from "./panel/slice";
export { Units } from "./panel/units";
export { Bars, RowActions } from "./rows/layer_tools";
export { RunList } from "./runs/run_list";
export { SettingsPane } from "./settings/settings_pane";
export { TimelineLane } from "./timeline/lane";
export { StepField } from "./timeline/step_field";
export { TimelineTools } from "./timeline/tools";
export { CompareFields, More } from "./toolbar/more";
export { WarningsMenu } from "./toolbar/warnings";

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
document.adoptedStyleSheets.push(sheet);
