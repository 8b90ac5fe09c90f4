CREATE SCHEMA "livefold";
--> statement-breakpoint
CREATE TABLE "livefold"."commands" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"fingerprint" text NOT NULL,
	"position" bigint NOT NULL,
	"events" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "livefold"."events" (
	"position" bigint PRIMARY KEY NOT NULL,
	"id" uuid NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"version" integer NOT NULL,
	"schema_version" smallint NOT NULL,
	"stream" text collate "C" NOT NULL,
	"type" text collate "C" NOT NULL,
	"tags" text[] NOT NULL,
	"data" jsonb NOT NULL,
	"correlation_id" text,
	"causation_id" text,
	"actor" text,
	"tenant" text,
	"metadata" jsonb,
	CONSTRAINT "events_id" UNIQUE("id"),
	CONSTRAINT "events_stream_version" UNIQUE("stream","version")
);
--> statement-breakpoint
CREATE TABLE "livefold"."processes" (
	"manager" text collate "C" NOT NULL,
	"key" text collate "C" NOT NULL,
	"state" jsonb NOT NULL,
	"position" bigint NOT NULL,
	CONSTRAINT "processes_manager_key_pk" PRIMARY KEY("manager","key")
);
--> statement-breakpoint
CREATE TABLE "livefold"."tags" (
	"tag" text collate "C" NOT NULL,
	"position" bigint NOT NULL,
	CONSTRAINT "tags_tag_position_pk" PRIMARY KEY("tag","position")
);
--> statement-breakpoint
CREATE TABLE "livefold"."timers" (
	"manager" text collate "C" NOT NULL,
	"key" text collate "C" NOT NULL,
	"name" text collate "C" NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"position" bigint NOT NULL,
	CONSTRAINT "timers_manager_key_name_pk" PRIMARY KEY("manager","key","name")
);
--> statement-breakpoint
CREATE TABLE "livefold"."tombstones" (
	"projection" text collate "C" NOT NULL,
	"key" text collate "C" NOT NULL,
	"position" bigint NOT NULL,
	CONSTRAINT "tombstones_projection_key_pk" PRIMARY KEY("projection","key")
);
--> statement-breakpoint
CREATE TABLE "livefold"."tracking" (
	"consumer" text collate "C" PRIMARY KEY NOT NULL,
	"position" bigint NOT NULL,
	"horizon" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE INDEX "timers_due" ON "livefold"."timers" USING btree ("manager","due_at");--> statement-breakpoint
CREATE INDEX "tombstones_position" ON "livefold"."tombstones" USING btree ("projection","position");