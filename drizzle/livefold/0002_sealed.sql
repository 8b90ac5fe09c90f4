CREATE TABLE "livefold"."keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"subject" text collate "C",
	"master_id" text NOT NULL,
	"wrapped" "bytea",
	CONSTRAINT "keys_subject" UNIQUE("subject")
);
--> statement-breakpoint
CREATE TABLE "livefold"."snapshots" (
	"stream" text collate "C" PRIMARY KEY NOT NULL,
	"version" integer NOT NULL,
	"position" bigint NOT NULL,
	"schema_version" integer NOT NULL,
	"state" jsonb,
	"sealed" "bytea",
	"subjects" text[] NOT NULL
);
--> statement-breakpoint
ALTER TABLE "livefold"."events" ALTER COLUMN "data" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "livefold"."events" ADD COLUMN "sealed" "bytea";--> statement-breakpoint
CREATE INDEX "commands_position" ON "livefold"."commands" USING brin ("position");