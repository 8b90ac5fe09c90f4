CREATE TABLE "livefold"."chain" (
	"position" bigint PRIMARY KEY NOT NULL,
	"hash" text NOT NULL
);
