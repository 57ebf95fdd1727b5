/** What tells of the runs that the server looked at; one file, as it is loaded together. */

export { FindingsList } from "./findings_list";
export { PartingBar, PartingLine } from "./parting_part";
