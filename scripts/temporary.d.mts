export declare function ownTemporaryFolder(given?: string): string;
